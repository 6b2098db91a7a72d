-- Lets each kill of /dev/kmsg pass once.
--
-- Fluent Bit hands in the whole ring buffer at each start. Every record of it has a number, which rises
-- for as long as the machine is up. A file keeps the id of the boot, and the number of the newest record
-- that went out: a kill that had gone out, or been passed over, before this start is not told again.
--
-- At the first start of all, what the ring buffer holds is nobody's business now: no one is woken for
-- last month's kills. So the number of its newest record is what counts as told. No clock is asked: the
-- kernel's stops while the machine sleeps, and the uptime does not.
--
-- A report that broke off is kept as a kill is: it has a number too, and would come again as well.
--
-- `new` lets pass what is new, and keeps nothing; `once` keeps its number too. When Fluent Bit is to stop it takes
-- no kill to the outputs any more, and reads /dev/kmsg on for a second. So `once` is for what is on its way to the
-- outputs already, and a kill of that second is told by the next process.

local FILE = os.getenv("OOM_STATE") or "/oom/kmsg"
local DEVICE = "/dev/kmsg"
-- What a record's time may be behind, in seconds. Fluent Bit dates records by the uptime at its start; when
-- the machine has slept, new records get a time that is hours old.
local BEHIND = 2

local ffi = require("ffi")
ffi.cdef([[
  int open(const char *path, int flags, ...);
  long read(int file, void *buffer, size_t length);
  int close(int file);
]])
-- Linux on x86, ARM, POWER, s390 and RISC-V.
local O_NONBLOCK, EPIPE = 2048, 32

-- The number of the newest record of the ring buffer.
local function newest_of_device()
  local file = ffi.C.open(DEVICE, O_NONBLOCK)
  if file < 0 then
    return nil
  end
  local buffer, newest = ffi.new("char[8192]"), nil
  while true do
    local length = tonumber(ffi.C.read(file, buffer, 8192))
    if length > 0 then
      newest = tonumber(ffi.string(buffer, length):match("^%d+,(%d+),")) or newest
    elseif length == 0 or ffi.errno() ~= EPIPE then
      -- EPIPE: the kernel overwrote what was to be read next.
      break
    end
  end
  ffi.C.close(file)
  return newest
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text or ""
end

local boot = read("/proc/sys/kernel/random/boot_id"):match("^%S+") or "unknown"
local at_start = newest_of_device() or 0

-- Versions before this one kept a third word, which nothing needs.
local of, number = read(FILE):match("^(%S+) (%d+)")
local told
if of == boot then
  told = tonumber(number)
elseif of then
  -- Another boot's: the numbers began anew, and all that this machine has is new.
  told = 0
else
  told = at_start
end
local newest = told

-- Writes a file anew. On a full disk it is writing that fails, or closing, which writes the rest.
local function write(path, text)
  local file, fault = io.open(path, "w")
  if not file then
    return nil, fault
  end
  local written, write_fault = file:write(text)
  local closed, close_fault = file:close()
  return written and closed, write_fault or close_fault
end

local function keep()
  -- The new file takes the place of the old one when it is whole.
  local new = FILE .. ".new"
  local done, fault = write(new, string.format("%s %d\n", boot, newest))
  if done then
    done, fault = os.rename(new, FILE)
  end
  if not done then
    -- Not print: standard output is what kills are written to.
    io.stderr:write("once.lua: cannot keep what was told: ", tostring(fault), "\n")
  end
end

if of ~= boot then
  keep()
end

function new(tag, time, record)
  local number = record["sequence"]
  if not number then
    return 0, time, record
  end
  if number <= told then
    return -1, time, record
  end
  local now = os.time()
  if number > at_start and now - time > BEHIND then
    return 1, now, record
  end
  return 0, time, record
end

function once(tag, time, record)
  local number = record["sequence"]
  -- A report that broke off leaves with the number of its first line, behind kills that came later.
  if number and number > newest then
    newest = number
    keep()
  end
  return new(tag, time, record)
end
