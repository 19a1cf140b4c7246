layout-development = DESARROLLO
layout-development-note = usuarios y claves de demostración, solo en este equipo
layout-language = Español
layout-tagline = Una sola cuenta para todas sus aplicaciones.
layout-help = Ayuda
layout-privacy = Privacidad
layout-terms = Condiciones de uso
layout-back = Volver a { $app }
