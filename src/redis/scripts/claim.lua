-- Takes the accounts that are due, earliest first, and pushes each one horizon ahead: a lost job
-- makes its account due again by itself. One that still waits in the queue is not queued twice; after
-- lostMs in the queue its job counts as lost.
-- KEYS due queued   ARGV now limit horizonMs lostMs   -> {how many were due, names to queue...}
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local ahead = string.format('%.0f', tonumber(ARGV[1]) + tonumber(ARGV[3]))
local lost = tonumber(ARGV[1]) - tonumber(ARGV[4])
local queue = { #names }
for _, name in ipairs(names) do
  redis.call('ZADD', KEYS[1], 'XX', ahead, name)
  if tonumber(redis.call('ZSCORE', KEYS[2], name) or '0') < lost then
    redis.call('ZADD', KEYS[2], ARGV[1], name)
    queue[#queue + 1] = name
  end
end
return queue
