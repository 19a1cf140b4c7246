when-now = just now
when-minutes =
    { $minutes ->
        [one] { $minutes } minute ago
       *[other] { $minutes } minutes ago
    }
when-hours =
    { $hours ->
        [one] { $hours } hour ago
       *[other] { $hours } hours ago
    }
when-days =
    { $days ->
        [one] { $days } day ago
       *[other] { $days } days ago
    }
when-date = on { $date }
when-exact = { $date }, { $time } UTC
