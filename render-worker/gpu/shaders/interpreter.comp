// Runs one network for one sample per invocation. The network is data (nodes, edges), so one compiled program serves all
// genomes and no text from outside ever reaches the driver's compiler. SLOTS, PRECISE and the activations stand above.
layout(local_size_x = 64) in;

// Exactly four storage blocks: OpenGL ES 3.1 promises no more.
layout(std430, binding = 0) writeonly buffer Samples { float samples[]; };  // planar: output k at k * sample_count
layout(std430, binding = 1) readonly buffer Inputs { vec2 inputs[]; };      // (e, x) per sample
layout(std430, binding = 2) readonly buffer Nodes { uvec4 nodes[]; };       // steps, then one entry per output
layout(std430, binding = 3) readonly buffer Edges { uvec2 edges[]; };       // (source slot, bits of the weight)

uniform uvec4 counts;  // bias slots, input slots, steps, outputs
uniform uint sample_count;

void main() {
    uint sample_index = gl_GlobalInvocationID.x;
    if (sample_index >= sample_count) return;

    float values[SLOTS];
    for (uint slot = 0u; slot < counts.x; ++slot) values[slot] = 1.0f;
    for (uint k = 0u; k < counts.y; ++k)
        values[counts.x + k] = k == 0u ? inputs[sample_index].x : k == 1u ? inputs[sample_index].y : 0.0f;

    for (uint s = 0u; s < counts.z; ++s) {
        uvec4 node = nodes[s];  // activation, slot, first edge, edge count
        PRECISE float sum = 0.0f;
        for (uint k = node.z; k < node.z + node.w; ++k)
            sum = sum + values[edges[k].x] * uintBitsToFloat(edges[k].y);
        values[node.y] = activate(node.x, sum);
    }

    for (uint k = 0u; k < counts.w; ++k)
        samples[k * sample_count + sample_index] = values[nodes[counts.z + k].x];
}
