-- A kill or an eviction as a message for people: where, who, whose limit, how much, what next.
--
-- The record becomes the bodies of requests: `slack` and `teams`. A process gives itself its name, and may
-- choose <!channel>; so may who names a cgroup. Such names are code in Slack's message, and plain text in
-- Teams', where neither reads marks or commands.

local NODE, DASHBOARD = os.getenv("OOM_NODE") or "?", os.getenv("OOM_DASHBOARD") or ""

local LIMIT = {
  container = "the container reached its memory limit",
  pod = "the pod reached its memory limit",
  qos = "all pods of its class together reached their memory limit",
  kubepods = "all pods together reached what the node has for them",
  node = "the node ran out of memory",
  cgroup = "a cgroup that is no pod's reached its memory limit",
}
local MOSTLY = {
  file = "page cache",
  kernel = "the kernel's",
  shmem = "tmpfs and shared memory",
  sock = "socket buffers",
}
local OUTCOME = {
  dies = "The container ends with it. ",
  survives = "The container goes on without it, and Kubernetes does not tell. ",
}

local function size(bytes)
  local units = { "bytes", "KiB", "MiB", "GiB", "TiB" }
  local number = 1
  while bytes >= 1024 and number < #units do
    bytes, number = bytes / 1024, number + 1
  end
  -- Cut, as in the sentence of the record.
  return string.format(number == 1 and "%d %s" or "%.1f %s", math.floor(bytes * 10) / 10, units[number])
end

-- What happened, in one sentence or two.
local function event(oom)
  local memory, victim = oom["memory"] or {}, oom["victim"] or {}
  local text = " was killed: " .. (LIMIT[oom["level"]] or "the kernel did not tell whose limit it was")
  if memory["limit_bytes"] then
    text = text .. " of " .. size(memory["limit_bytes"])
  end
  if MOSTLY[memory["mostly"]] then
    text = text .. ", most of it " .. MOSTLY[memory["mostly"]]
  end
  if victim["anon_rss_bytes"] then
    text = text .. ". Of its own it held " .. size(victim["anon_rss_bytes"])
  end
  return text .. "."
end

-- Another program than the kernel kills whole cgroups, and the kubelet ends pods: there is no process to name, and
-- nobody's limit.
local function by_program(oom)
  local killer = oom["killer"] or "somebody"
  local who = { { text = "Processes were killed by " .. killer } }
  if oom["event"] == "evicted" then
    who = { { text = "The " .. killer .. " evicted the pod, since its node is short of memory" } }
  end
  if oom["reason"] then
    who[2] = { text = ": " }
    who[3] = { code = oom["reason"] }
  end
  return who
end

-- Whether the kernel did it.
local function by_kernel(oom)
  return (oom["killer"] or "kernel") == "kernel"
end

-- What to do, and the command that begins it.
local function advice(oom, pod)
  local level = oom["level"]
  if not by_kernel(oom) or level == "node" or level == "kubepods" or level == "qos" then
    return "It need not be what took the memory. Begin with: ", "kubectl describe node " .. NODE
  elseif pod["pod_name"] and pod["namespace_name"] then
    local command = string.format("kubectl -n %s describe pod %s", pod["namespace_name"], pod["pod_name"])
    return "Raise the limit, or find what grows. Begin with: ", command
  end
  return "The record in the log of this node's Fluent Bit has more.", nil
end

-- The message: lines, of pieces. A piece with `code` is shown as it is written, and may be anybody's text.
local function lines_of(record)
  local oom, pod = record["oom"], record["kubernetes"] or {}
  local owner = {}
  for _, key in ipairs({ "namespace_name", "pod_name", "container_name" }) do
    owner[#owner + 1] = pod[key]
  end
  if #owner == 0 then
    local container = (oom["container"] or {})["id"]
    owner[1] = oom["unit"] or container and "container " .. container:sub(1, 12) or "no known pod"
  end
  local victim = oom["victim"] or {}
  local who = by_program(oom)
  if by_kernel(oom) then
    who = { { code = victim["comm"] or "a process" } }
    if victim["pid"] then
      who[#who + 1] = { text = string.format(" (pid %d)", victim["pid"]) }
    end
    who[#who + 1] = { text = event(oom) }
  end
  local cgroup = oom["cgroup"] or {}
  if oom["level"] == "cgroup" and cgroup["limit"] then
    who[#who + 1] = { text = " The cgroup: " }
    who[#who + 1] = { code = cgroup["limit"] }
  end

  local text, command = advice(oom, pod)
  local repeats = oom["repeats"] or 0
  local before = repeats > 0 and string.format("It is kill number %d there. ", repeats + 1) or ""
  local after = { { text = (OUTCOME[oom["container_outcome"]] or "") .. before .. text } }
  if command then
    after[#after + 1] = { code = command }
  end
  local what = oom["event"] == "evicted" and "Eviction: " or "OOM kill: "
  local title = { text = what .. table.concat(owner, " / "), bold = true }
  return { { title, { text = " on " .. NODE } }, who, after }
end

-- Where the dashboard is, with the namespace chosen.
local function link(record)
  local namespace = (record["kubernetes"] or {})["namespace_name"]
  if DASHBOARD == "" or not namespace then
    return DASHBOARD
  end
  return DASHBOARD .. (DASHBOARD:find("?", 1, true) and "&" or "?") .. "var-namespace=" .. namespace
end

-- A text as JSON has it.
local function quoted(text)
  text = text:gsub('[%c"\\]', function(letter)
    return string.format("\\u%04x", letter:byte())
  end)
  return '"' .. text .. '"'
end

-- Slack: three characters are written as others. In code a name is no link, and ends no code.
local function slack(lines, url)
  local texts = {}
  for _, line in ipairs(lines) do
    local text = ""
    for _, piece in ipairs(line) do
      local own = piece.text or piece.code
      own = own:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;")
      if piece.code then
        own = own == "" and "(no name)" or "`" .. own:gsub("`", "'") .. "`"
      elseif piece.bold then
        own = "*" .. own .. "*"
      end
      text = text .. own
    end
    texts[#texts + 1] = text
  end
  if url ~= "" then
    texts[#texts + 1] = "<" .. url .. "|Dashboard>"
  end
  return '{"text":' .. quoted(table.concat(texts, "\n")) .. "}"
end

-- Teams: a card. Its runs of text know no marks.
local function teams(lines, url)
  local blocks = {}
  for _, line in ipairs(lines) do
    local runs = {}
    for _, piece in ipairs(line) do
      local own = piece.text or piece.code
      own = own == "" and "(no name)" or own
      local style = piece.bold and ',"weight":"Bolder","size":"Medium"' or ""
      style = piece.code and ',"fontType":"Monospace"' or style
      runs[#runs + 1] = '{"type":"TextRun","text":' .. quoted(own) .. style .. "}"
    end
    blocks[#blocks + 1] = '{"type":"RichTextBlock","inlines":[' .. table.concat(runs, ",") .. "]}"
  end
  local action = '{"type":"Action.OpenUrl","title":"Dashboard","url":' .. quoted(url) .. "}"
  return '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","content":{'
    .. '"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","type":"AdaptiveCard","version":"1.4",'
    .. '"body":[' .. table.concat(blocks, ",") .. '],"actions":[' .. (url == "" and "" or action) .. "]}}]}"
end

function message(tag, time, record)
  local lines, url = lines_of(record), link(record)
  return 2, time, {
    headers = { ["Content-Type"] = "application/json" },
    slack = slack(lines, url),
    teams = teams(lines, url),
  }
end
