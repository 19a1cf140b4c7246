layout-development = DÉVELOPPEMENT
layout-development-note = utilisateurs et clés de démonstration, uniquement sur cette machine
layout-language = Français
layout-tagline = Un seul compte pour toutes vos applications.
layout-help = Aide
layout-privacy = Confidentialité
layout-terms = Conditions d’utilisation
layout-back = Retour à { $app }
