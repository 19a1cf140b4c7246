second-factor-title = Confirm it’s you
second-factor-title-error = Error: Confirm it’s you
second-factor-signing-in = Signing in as { $user }
second-factor-code = Code
second-factor-hint = From your authenticator app, or one of your backup codes.
second-factor-trust = Trust this device for 30 days
second-factor-continue = Continue
second-factor-restart = Start over

second-factor-enrol-title = Set up a second step
second-factor-enrol-title-error = Error: Set up a second step
second-factor-enrol-scan = Scan this with an authenticator app. It shows a new code every 30 seconds, which you enter when you sign in.
second-factor-qr = QR code for your authenticator app
second-factor-key = Can’t scan it? Enter this key in the app:
second-factor-enrol-code = Code that the app shows
second-factor-enrol-confirm = Confirm
second-factor-enrol-passkey = Set up a passkey instead
second-factor-skip = Not now

second-factor-codes-title = Your backup codes
second-factor-codes-lead = Each of them works once in place of your second step, for example when you have lost your phone.
second-factor-codes-once = Print them or write them down now. They are not shown again.
second-factor-go-on = Continue
second-factor-back = Back to your account
second-factor-left-title = Backup codes are running out
second-factor-left =
    { $left ->
        [0] You have used your last backup code.
        [one] You have one backup code left.
       *[other] You have { $left } backup codes left.
    }
second-factor-left-advice = Make new ones on your account page, under Security.

second-factor-no-code = Enter the code.
second-factor-wrong = That code is wrong or was used before. Please wait for the next one.
second-factor-too-old = This page was open for too long. Please scan the new code.
second-factor-too-many =
    { $minutes ->
        [one] Too many attempts. Please wait a minute, then try again.
       *[other] Too many attempts. Please wait { $minutes } minutes, then try again.
    }

second-factor-app = Authenticator app
second-factor-app-since = Set up { $when }
second-factor-app-none = Not set up
second-factor-app-remove = Remove
second-factor-app-add = Set up
second-factor-backup = Backup codes
second-factor-backup-new = Make new codes
second-factor-trusted = Trusted devices
second-factor-trusted-lead = They are not asked for a code when you sign in.
second-factor-trusted-used = Used { $when }
second-factor-trusted-forget = Forget
second-factor-done-removed = Your authenticator app was removed.
second-factor-done-forgotten = The device is no longer trusted.
second-factor-codes-left =
    { $left ->
        [0] None left
        [one] One left
       *[other] { $left } left
    }
