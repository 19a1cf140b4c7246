-- Refresh tokens of BENCH_FILE, each used once and replaced by the successor in the answer.
-- wrk doesn't say which connection a request is for, so the tokens are in a queue: with as many tokens as connections
-- each connection has one request in progress.
local line = dofile(os.getenv("BENCH_SCRIPTS") .. "/lines.lua")("BENCH_FILE")
local first, last = 1, #line
local prefix = os.getenv("BENCH_BODY") .. "&refresh_token="
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }

-- wrk makes one request before it starts, without sending it.
local begun = false

function request()
  local token = line[first]
  if not token then
    error("no token is left: a connection was lost")
  end
  if not begun then
    begun = true
    return wrk.format("POST", nil, headers, prefix .. token)
  end
  line[first] = nil
  first = first + 1
  return wrk.format("POST", nil, headers, prefix .. token)
end

function response(status, _, body)
  local successor = body:match('"refresh_token":"([^"]+)"')
  if status ~= 200 or not successor then
    error("a refresh was refused: " .. body)
  end
  last = last + 1
  line[last] = successor
end
