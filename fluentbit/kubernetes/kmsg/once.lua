-- Lets each kill of /dev/kmsg pass once.
--
-- Fluent Bit hands in the whole ring buffer at each start. Every record of it has a number, which rises
-- for as long as the machine is up. A file keeps, behind the id of the boot that they belong to, the
-- number of the newest record that went out, and how long the machine was up at the first start here.
-- A kill whose number is not above the first has been told before.
--
-- A kill from long before the first start is nobody's business now: no one is woken for last month's.
-- The record says when it was, by the clock of the kernel's log, which nothing corrects as it does the
-- uptime: after months the two may differ by minutes. So kills of the last minutes before the first start
-- are told, rather than one behind it lost.
--
-- A report that broke off is kept as a kill is: it has a number too, and would come again as well.

local FILE = os.getenv("OOM_STATE") or "/oom/kmsg"
-- What may lie between a kill and the first start for the kill to be told, in seconds.
local RECENT = 600

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text or ""
end

local boot = read("/proc/sys/kernel/random/boot_id"):match("^%S+") or "unknown"

local of, number, up = read(FILE):match("^(%S+) (%d+) (%d+)\n")
local newest, first_start
if of == boot then
  newest, first_start = tonumber(number), tonumber(up)
elseif of then
  -- Another boot's: the numbers began anew, and all that this machine has is new.
  newest, first_start = 0, 0
else
  newest, first_start = 0, tonumber(read("/proc/uptime"):match("^%d+")) or 0
end

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
  local done, fault = write(new, string.format("%s %d %d\n", boot, newest, first_start))
  if done then
    done, fault = os.rename(new, FILE)
  end
  if not done then
    -- Not print: standard output is what kills are written to.
    io.stderr:write("once.lua: after a restart kills will be told again: ", tostring(fault), "\n")
  end
end

if of ~= boot then
  keep()
end

function once(tag, time, record)
  local number = record["sequence"]
  if not number then
    return 0, time, record
  end
  if number <= newest then
    return -1, time, record
  end
  newest = number
  keep()
  if record["sec"] + RECENT < first_start then
    return -1, time, record
  end
  return 0, time, record
end
