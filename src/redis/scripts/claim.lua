-- Takes the accounts that are due and pushes each one horizon ahead: a lost job makes its account due
-- again by itself. One that still waits in the queue is not queued twice; after lostMs in the queue its
-- job counts as lost, and so it does where a clock that was ahead says that it came there later than now: that
-- one may be right again, or its process gone. They are queued in the order in which their tokens die, those
-- without one first.
-- KEYS due queued   ARGV now limit horizonMs lostMs   -> {how many were due, names to queue...}
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local ahead = string.format('%.0f', tonumber(ARGV[1]) + tonumber(ARGV[3]))
local due = {}
for position, name in ipairs(names) do
  redis.call('ZADD', KEYS[1], 'XX', ahead, name)
  if math.abs(tonumber(ARGV[1]) - tonumber(redis.call('ZSCORE', KEYS[2], name) or '0')) > tonumber(ARGV[4]) then
    redis.call('ZADD', KEYS[2], ARGV[1], name)
    local diesAt = tonumber(redis.call('HGET', 'refresher:account:' .. name, 'expiresAt') or '0')
    due[#due + 1] = { name = name, diesAt = diesAt, position = position }
  end
end
table.sort(due, function(one, other)
  if one.diesAt ~= other.diesAt then
    return one.diesAt < other.diesAt
  end
  return one.position < other.position
end)
local queue = { #names }
for _, each in ipairs(due) do
  queue[#queue + 1] = each.name
end
return queue
