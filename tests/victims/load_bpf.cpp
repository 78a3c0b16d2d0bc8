// Makes a BPF map.
#include "tests/victims/victim.hpp"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

int main() {
    bpf_attr attributes = {};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    if (syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes) < 0) {
        victim::blocked_by_errno("bpf");
    }
    victim::succeeded("made");
}
