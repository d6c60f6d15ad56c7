-- Shared by commit and settle: until when nothing is tried, also by the server's clock (`retryBy`). Whoever reads
-- it may have another clock than who wrote it. Beside it how long the wait is (`retryFor`). What is only carried on stays as it was first dated.
local function keepPatience(recordKey, p, serverNow)
  local retryAt = p.set.retryAt
  if not retryAt then
    redis.call('HDEL', recordKey, 'retryBy', 'retryFor')
  elseif redis.call('HGET', recordKey, 'retryAt') ~= retryAt then
    local waitMs = tonumber(retryAt) - p.now
    redis.call('HSET', recordKey, 'retryBy', string.format('%.0f', serverNow + waitMs),
      'retryFor', string.format('%.0f', math.max(0, waitMs)))
  end
end
