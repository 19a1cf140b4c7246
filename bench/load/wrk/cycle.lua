-- Access tokens of BENCH_FILE, introspected one after the other, in a loop.
local tokens = dofile(os.getenv("BENCH_SCRIPTS") .. "/lines.lua")("BENCH_FILE")
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
local requests, at = {}, 0

function init(_)
  for i, token in ipairs(tokens) do
    requests[i] = wrk.format("POST", nil, headers, os.getenv("BENCH_BODY") .. "&token=" .. token)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
