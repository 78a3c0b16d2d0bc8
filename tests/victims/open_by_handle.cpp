// Escapes any mount by a file handle (the "shocker" way), here with the handle of /usr.
#include "tests/victims/victim.hpp"

#include <fcntl.h>

int main() {
    alignas(file_handle) char space[sizeof(file_handle) + MAX_HANDLE_SZ] = {};
    auto* handle = reinterpret_cast<file_handle*>(space);
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount_id = 0;
    if (name_to_handle_at(AT_FDCWD, "/usr", handle, &mount_id, 0) != 0) {
        victim::blocked_by_errno("name_to_handle_at");
    }
    const int root = open("/usr", O_RDONLY | O_DIRECTORY);
    if (open_by_handle_at(root, handle, O_RDONLY) < 0) {
        victim::blocked_by_errno("open_by_handle_at");
    }
    victim::succeeded("opened");
}
