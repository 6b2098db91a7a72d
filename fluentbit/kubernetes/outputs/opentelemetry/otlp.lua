-- A kill as a request of OTLP/HTTP in JSON, as docs/mapping.md says. Fluent Bit's own output for OTLP sets no
-- event name, and puts all records of a chunk on one resource.

local NODE = os.getenv("OOM_NODE")

-- A text as JSON has it.
local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(letter)
    return string.format("\\u%04x", letter:byte())
  end) .. '"'
end

local any_value

local function attribute(key, value)
  return '{"key":' .. quoted(key) .. ',"value":' .. any_value(value) .. "}"
end

-- Members in the order of their names: the same kill is the same text.
local function pairs_of(map, prefix, out)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local key, value = prefix .. name, map[name]
    -- Objects by their pieces, as a list of texts cannot be searched in.
    if prefix ~= "" and type(value) == "table" and #value == 0 then
      pairs_of(value, key .. ".", out)
    else
      out[#out + 1] = attribute(key, value)
    end
  end
  return out
end

-- A value as OTLP writes one; 64 bits do not fit a number of every reader, and are a text.
function any_value(value)
  if type(value) == "boolean" then
    return '{"boolValue":' .. tostring(value) .. "}"
  elseif type(value) == "number" then
    return string.format('{"intValue":"%.0f"}', value)
  elseif type(value) == "string" then
    return '{"stringValue":' .. quoted(value) .. "}"
  elseif #value == 0 then
    return '{"kvlistValue":{"values":[' .. table.concat(pairs_of(value, "", {}), ",") .. "]}}"
  end
  local values = {}
  for _, element in ipairs(value) do
    values[#values + 1] = any_value(element)
  end
  return '{"arrayValue":{"values":[' .. table.concat(values, ",") .. "]}}"
end

function otlp(tag, time, record)
  local oom, pod = record["oom"], record["kubernetes"] or {}
  local victim, container = oom["victim"] or {}, oom["container"] or {}
  local is_kill = oom["event"] == "kill"
  local resource = pairs_of({
    ["container.id"] = container["id"] or pod["docker_id"],
    ["container.runtime.name"] = container["runtime"],
    ["host.name"] = NODE,
    ["k8s.container.name"] = pod["container_name"],
    ["k8s.namespace.name"] = pod["namespace_name"],
    ["k8s.node.name"] = NODE,
    ["k8s.pod.name"] = pod["pod_name"],
    ["k8s.pod.uid"] = pod["pod_id"],
  }, "", {})
  local attributes = pairs_of({
    ["log.record.original"] = record["MESSAGE"] or record["msg"],
    ["process.pid"] = victim["pid"],
    ["process.real_user.id"] = victim["uid"],
  }, "", {})
  pairs_of(oom, "oom.", attributes)

  -- In nanoseconds: when the kernel killed, where the carrier tells, else the record's own time.
  local seen = string.format("%d%09d", time.sec, time.nsec)
  local killed = oom["time_us"] and string.format("%.0f000", oom["time_us"]) or seen
  local body = {
    '{"resourceLogs":[{"resource":{"attributes":[', table.concat(resource, ","),
    ']},"scopeLogs":[{"scope":{"name":"oom"},"logRecords":[{"timeUnixNano":"', killed,
    '","observedTimeUnixNano":"', seen,
    is_kill and '","severityNumber":17,"severityText":"ERROR","eventName":"oom.kill"'
      or '","severityNumber":13,"severityText":"WARN"',
    ',"body":', any_value(oom["summary"] or ""),
    ',"attributes":[', table.concat(attributes, ","), "]}]}]}]}",
  }
  return 2, time, {
    headers = { ["Content-Type"] = "application/json" },
    otlp = table.concat(body),
  }
end
