passkey-title = Use your passkey
passkey-title-error = Error: Use your passkey
passkey-lead = Confirm with your fingerprint, face or screen lock.
passkey-use = Use a passkey
passkey-cancelled = That did not work or was cancelled. Please try again.
passkey-refused = This passkey was not accepted. Please try again, or sign in another way.
passkey-no-script = Passkeys need JavaScript and a current browser.
passkey-or = Or
passkey-other-way = Sign in another way

passkey-list = Your passkeys
passkey-list-lead = With a passkey you sign in by fingerprint, face or screen lock, without a password. It can’t be guessed, and it works only here.
passkey-count =
    { $passkeys ->
        [0] You have none yet
        [one] You have one
       *[other] You have { $passkeys }
    }
passkey-manage = Manage
passkey-synced = On all your devices
passkey-one-device = On one device
passkey-added = Added { $when }
passkey-last-used = Used { $when }
passkey-rename = Rename
passkey-name = Name of the passkey
passkey-save = Save
passkey-remove = Remove
passkey-new-name = Name of the new passkey
passkey-add = Add a passkey
passkey-no-name = Enter a name of up to 64 characters.
passkey-not-made = The passkey was not added. It may be on this device already. Please try again.
passkey-not-added = This passkey is in use already, or you have as many as you can have.
passkey-last = This is your only way to sign in. Set a password or add another passkey first.
passkey-unavailable = Passkeys need a domain name. This server is reached by its IP address.
passkey-done-added = Your passkey was added.
passkey-done-renamed = The new name was saved.
passkey-done-removed = The passkey was removed. You can delete it on your device too.
