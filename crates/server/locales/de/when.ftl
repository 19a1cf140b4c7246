when-now = gerade eben
when-minutes =
    { $minutes ->
        [one] vor { $minutes } Minute
       *[other] vor { $minutes } Minuten
    }
when-hours =
    { $hours ->
        [one] vor { $hours } Stunde
       *[other] vor { $hours } Stunden
    }
when-days =
    { $days ->
        [one] vor { $days } Tag
       *[other] vor { $days } Tagen
    }
when-date = am { $date }
when-exact = { $date }, { $time } UTC
