when-now = ahora mismo
when-minutes =
    { $minutes ->
        [one] hace { $minutes } minuto
       *[other] hace { $minutes } minutos
    }
when-hours =
    { $hours ->
        [one] hace { $hours } hora
       *[other] hace { $hours } horas
    }
when-days =
    { $days ->
        [one] hace { $days } día
       *[other] hace { $days } días
    }
when-date = el { $date }
when-exact = { $date }, { $time } UTC
