-- The longest time counts: the responses to requests that were sent together come in any order.
UPDATE mail_server_breaker SET slow_until = greatest(slow_until, now() + make_interval(secs => %(seconds)s::float8))
