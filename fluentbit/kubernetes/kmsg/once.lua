-- Lets each kill of /dev/kmsg pass once.
--
-- Fluent Bit hands in the whole ring buffer at each start. Every record of it has a number, which rises
-- for as long as the machine is up. The number of the newest kill is kept in a file, behind the id of
-- the boot that it belongs to; a kill whose number is not above it has been told before.
--
-- Where there is no file, this is the first start here. If the machine has been up for a while, kills
-- of the first seconds are those that the ring buffer still held: nobody is woken for last month's. A
-- file without a kill that is only minutes old is of a start that may have failed, and counts as none.

local FILE = os.getenv("OOM_STATE") or "/oom/kmsg"
-- As long the ring buffer may take to be read.
local FIRST_SECONDS = 10
-- A machine that came up so lately has no old kills. Longer than Kubernetes waits between two starts.
local YOUNG_SECONDS = 600

local function read(path)
  local file = io.open(path)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text or ""
end

local boot = read("/proc/sys/kernel/random/boot_id"):match("^%S+") or "unknown"

local function keep(number)
  -- A new file takes the place of the old one: there is never half a file.
  local file, fault = io.open(FILE .. ".new", "w")
  if file then
    file:write(boot, string.format(" %d %d\n", number, os.time()))
    file:close()
    local renamed
    renamed, fault = os.rename(FILE .. ".new", FILE)
  end
  if fault then
    print("once.lua: after a restart kills will be told again: " .. fault)
  end
end

local of, number, at = read(FILE):match("^(%S+) (%d+) (%d+)")
-- The number of the newest kill. The file of another boot says nothing: its numbers began anew.
local newest = of == boot and tonumber(number) or 0
local is_first = not of or (of == boot and newest == 0 and os.time() - tonumber(at) < YOUNG_SECONDS)
-- Until then, kills are old.
local old_until = 0
if is_first then
  local up = tonumber(read("/proc/uptime"):match("^%d+")) or YOUNG_SECONDS
  if up >= YOUNG_SECONDS then
    old_until = os.time() + FIRST_SECONDS
  end
  keep(newest)
end

function once(tag, time, record)
  local number = record["sequence"]
  if not number or record["oom"]["event"] ~= "kill" then
    return 0, time, record
  end
  if number <= newest then
    return -1, time, record
  end
  newest = number
  keep(number)
  if os.time() < old_until then
    return -1, time, record
  end
  return 0, time, record
end
