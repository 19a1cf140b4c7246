layout-development = DEVELOPMENT
layout-development-note = demo users and demo keys, only on this machine
layout-mailbox = Mailbox
# This language, in itself
layout-language = English
# The sentence on the login page, where the operator has set none
layout-tagline = One account for all your apps.
layout-help = Help
layout-privacy = Privacy
layout-terms = Terms
layout-back = Back to { $app }
