package lint

// The pages of the rules show workspaces in the txtar format: files one after the other, each below
// a line "-- NAME --".

// inRole is a workspace of one role with the policy. It begins with a line end, as raw strings do.
func inRole(policy string) string {
	return "-- roles/example.yaml --\n" + `kind: Role
key: example
name: Example
basePermissions: no_access
policy:` + policy
}

// config is the file with the settings of the lint rules.
func config(lint string) string { return "-- rolewright.yaml --\nversion: 1\nlint: " + lint + "\n" }

// inAccount is what the account holds: the JSON of an [Input] without its files.
func inAccount(json string) string { return "-- account.json --\n" + json + "\n" }

// teamsManaged is the file with which a workspace manages teams.
const teamsManaged = "-- rolewright.yaml --\nversion: 1\nmanage: {teams: {include: [\"*\"]}}\n"
