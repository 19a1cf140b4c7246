-- Codes of BENCH_FILE, each redeemed once; the load ends when there are no more.
local codes = dofile(os.getenv("BENCH_SCRIPTS") .. "/lines.lua")("BENCH_FILE")
local at = 0
local prefix = os.getenv("BENCH_BODY") .. "&code="
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }

function request()
  at = at + 1
  if at > #codes then
    wrk.thread:stop()
    return wrk.format("GET", "/health/live")
  end
  return wrk.format("POST", nil, headers, prefix .. codes[at])
end
