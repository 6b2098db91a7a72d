-- Counts lines of the kernel that are known to be lost: then a kill may have been among them.
--
-- Records of /dev/kmsg are numbered, and the kernel overwrites the oldest when nobody reads them in time.
-- The journal says how many it missed, in an entry of its own. A record behind which lines are missing gets
-- `kernel_lines_lost`, all that were lost since the start; fluent-bit.yaml makes a metric of it, and no
-- output sees it. The first record has it too, so that the metric is there before anything is lost.

local lost, expected, is_first = 0, nil, true

-- What is missing before `record`.
local function missing(record)
  -- Clients of the journal cannot claim this transport. The id is SD_MESSAGE_JOURNAL_MISSED.
  if record["_TRANSPORT"] == "driver" then
    local is_missed = record["MESSAGE_ID"] == "e9bf28e6e834481bb6f48f548ad13606"
    return is_missed and tonumber(record["MESSAGE"]:match("^Missed (%d+) kernel messages")) or 0
  end
  local number = record["sequence"]
  if not number then
    return 0
  end
  local before = expected
  expected = number + 1
  return before and number > before and number - before or 0
end

function count(tag, time, record)
  local more = missing(record)
  if more == 0 and not is_first then
    return 0, time, record
  end
  is_first, lost = false, lost + more
  -- As text: the metric's filter looks for text alone.
  record["kernel_lines_lost"] = string.format("%d", lost)
  return 2, time, record
end
