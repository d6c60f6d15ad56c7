-- Shared by commit and settle: whose word on an account counts.

-- True where a newer lease was given out, or one of the same number: an emptied Redis may give one out twice.
local function isOvertaken(recordKey, fence, owner)
  local there = tonumber(redis.call('HGET', recordKey, 'fence') or '0')
  if there ~= tonumber(fence) then
    return there > tonumber(fence)
  end
  local holder = redis.call('HGET', recordKey, 'holder')
  return holder and holder ~= owner
end
