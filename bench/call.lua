-- Sends one MCP call over and over, and prints what came of it as JSON. The token and the body come by environment, so that no command line shows a token.
wrk.method = "POST"
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json, text/event-stream"
wrk.headers["MCP-Protocol-Version"] = "2025-11-25"

function done(summary, latency, requests)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format('JSON {"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d}\n', summary.requests, summary.duration, errors, latency:percentile(50), latency:percentile(99)))
end
