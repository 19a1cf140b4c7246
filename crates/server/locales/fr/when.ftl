when-now = à l’instant
when-minutes =
    { $minutes ->
        [one] il y a { $minutes } minute
       *[other] il y a { $minutes } minutes
    }
when-hours =
    { $hours ->
        [one] il y a { $hours } heure
       *[other] il y a { $hours } heures
    }
when-days =
    { $days ->
        [one] il y a { $days } jour
       *[other] il y a { $days } jours
    }
when-date = le { $date }
when-exact = { $date }, { $time } UTC
