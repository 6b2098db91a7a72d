-- Makes the folder of the state the user's own, and ends. Run once, by the init container.
--
-- The folder is the node's: it outlives the pod, so that the next one goes on where this one stopped. The
-- kubelet makes it root's, and Fluent Bit runs as a user.

local ffi = require("ffi")
ffi.cdef([[
  int chown(const char *path, unsigned int owner, unsigned int group);
  char *strerror(int number);
]])
local USER = 65532

if ffi.C.chown("/oom", USER, USER) ~= 0 then
  io.stderr:write("own.lua: /oom: ", ffi.string(ffi.C.strerror(ffi.errno())), "\n")
  os.exit(1)
end
os.exit(0)
