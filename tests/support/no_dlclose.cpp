// LeakSanitizer looks when the program ends; what a graphics driver has leaked it can tell by the driver's
// name (lsan.supp) only as long as that is loaded. Linked into a test program this takes the place of libc's.
extern "C" int dlclose(void*) {
    return 0;
}
