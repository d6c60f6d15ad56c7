-- Shared by commit and settle: a person's pause, which only a person's own step changes.

-- Puts back what Redis has lost and a disk knew (`known`, JSON or ''). -> true where the pause is another one than
-- the decision was made by; true where one holds
local function keepPause(recordKey, known, now)
  local there = redis.call('HGET', recordKey, 'paused')
  local knownAt = known ~= '' and cjson.decode(known).at or 0
  local pause = there and cjson.decode(there)
  if knownAt > 0 and (not pause or pause.at < knownAt) then
    redis.call('HSET', recordKey, 'paused', known)
    pause = cjson.decode(known)
  end
  if not pause then
    return false, false
  end
  return pause.at ~= knownAt, not pause['until'] or pause['until'] > now
end
