package policy

import "slices"

// Deciding is a kind of resource by which somebody decides who may do what, and the actions on it that
// do. Whoever has one of them can give himself, or somebody else, more than he has.
type Deciding struct {
	Kind string
	// Actions are patterns. Not all of them are in the catalogue: a role that allows "update*" has
	// them all the same.
	Actions []string
}

// DecidingActions returns what decides who may do what, the most direct first: what roles say, who holds
// them, what acts in the place of a person, and how people are let in.
//
// Sources: the actions of the catalogue on these kinds, and LaunchDarkly's docs, by which role
// updateMembers is the same as member updateCustomRole. Names, descriptions and what only takes access
// away (deleteRole, deleteMember) are left out.
func DecidingActions() []Deciding {
	return []Deciding{
		{"role", []string{"createRole", "updatePolicy", "updateBasePermissions", "updateMembers", "updateTokens"}},
		{"member", []string{"updateRole", "updateCustomRole", "updateMemberRoleAttributes", "createMember", "approveDomainMatchedMember", "resetMemberMfa"}},
		{"team", []string{"createTeam", "updateTeamCustomRoles", "updateTeamMembers", "updateTeamRoleAttributes", "updateTeamPermissionGrants"}},
		{"service-token", []string{"createAccessToken", "resetAccessToken"}},
		{"member:token", []string{"createAccessToken", "resetAccessToken", "updateAccessTokenPolicy"}},
		{"pending-request", []string{"updatePendingRequest"}},
		{"acct", []string{
			"updateAccountOwner", "createSamlConfig", "deleteSamlConfig", "updateSaml*", "createScimConfig", "deleteScimConfig",
			"enableIdPManagingTeams", "disableIdPManagingTeams", "updateRequireMfa",
		}},
	}
}

// Decides reports whether an action on resources of a kind decides who may do what.
func Decides(kind, action string) bool {
	return slices.ContainsFunc(DecidingActions(), func(d Deciding) bool {
		return d.Kind == kind && slices.ContainsFunc(d.Actions, func(pattern string) bool { return MatchAction(pattern, action) })
	})
}
