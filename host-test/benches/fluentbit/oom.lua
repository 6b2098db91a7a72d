-- The same job as one would write it in an afternoon for Fluent Bit's `lua` filter.
local words = { "Killed process ", "oom-kill:constraint=", " invoked oom-killer: " }

function annotate(tag, timestamp, record)
    local text = record["log"] or record["MESSAGE"] or record["msg"]
    if text == nil then
        return 0, timestamp, record
    end
    for _, word in ipairs(words) do
        if string.find(text, word, 1, true) then
            local pid, comm = string.match(text, "Killed process (%d+) %((.*)%) total%-vm")
            record["oom"] = { event = word, pid = pid, comm = comm }
            return 2, timestamp, record
        end
    end
    return 0, timestamp, record
end
