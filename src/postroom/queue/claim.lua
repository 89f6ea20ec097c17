-- Returns the due members. Those with a score up to now + horizon are postponed to max(score, now) + lease: a worker
-- that dies after this call delays them and loses nothing, and no list of members in work is needed.
-- KEYS: the sorted set
-- ARGV: limit, lease in seconds, horizon in seconds
-- Returns: seconds until the next member ("" if none), then member, score, member, score, …
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local lease = tonumber(ARGV[2])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now + tonumber(ARGV[3])),
                       'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[1]))
local reply = {''}
for i = 1, #due, 2 do
    local score = math.max(tonumber(due[i + 1]), now) + lease
    -- XX: a member that was removed meanwhile must not come back.
    redis.call('ZADD', KEYS[1], 'XX', string.format('%.6f', score), due[i])
    reply[#reply + 1] = due[i]
    reply[#reply + 1] = due[i + 1]
end
local following = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if following[2] then
    reply[1] = string.format('%.6f', tonumber(following[2]) - now)
end
return reply
