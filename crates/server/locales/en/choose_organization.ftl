choose-organization-title = Choose an organization
choose-organization-lead = You continue to { $app } as { $user }
choose-organization-again = Your sign-in changed in another tab, so what you entered was not used. Please choose again.
choose-organization-legend = Act for
choose-organization-continue = Continue
choose-organization-offer = Your address at { $domain } lets you join { $organization }.
