package emulator

import "net/http"

// Permission is what a caller must be allowed to do for a route, in the words of policies. Nothing
// enforces it yet.
type Permission struct {
	Method, Path string
	// For narrows the row to requests with that field of a patch, or that instruction; "" is every
	// request of the route.
	For string
	// Type is the type of the resource, Action the action on it.
	Type, Action string
}

// Permissions lists what each writing route takes. Reading roles and members takes no action that
// is known; reading teams takes viewTeam.
func Permissions() []Permission {
	const role, member, team = rolesPath + "/{key}", membersPath + "/{key}", teamsPath + "/{key}"
	return []Permission{
		{http.MethodPost, rolesPath, "", "role", "createRole"},
		{http.MethodPatch, role, "name", "role", "updateName"},
		{http.MethodPatch, role, "description", "role", "updateDescription"},
		{http.MethodPatch, role, "policy", "role", "updatePolicy"},
		{http.MethodPatch, role, "basePermissions", "role", "updateBasePermissions"},
		{http.MethodDelete, role, "", "role", "deleteRole"},

		{http.MethodPost, membersPath, "", "member", "createMember"},
		{http.MethodPatch, member, "role", "member", "updateRole"},
		{http.MethodPatch, member, "customRoles", "member", "updateCustomRole"},
		{http.MethodPatch, member, "roleAttributes", "member", "updateMemberRoleAttributes"},
		{http.MethodPatch, membersPath, "replaceMembersRoles", "member", "updateRole"},
		{http.MethodPatch, membersPath, "replaceAllMembersRoles", "member", "updateRole"},
		{http.MethodPatch, membersPath, "replaceMembersCustomRoles", "member", "updateCustomRole"},
		{http.MethodPatch, membersPath, "replaceAllMembersCustomRoles", "member", "updateCustomRole"},
		{http.MethodPatch, membersPath, "replaceMembersRoleAttributes", "member", "updateMemberRoleAttributes"},
		{http.MethodDelete, member, "", "member", "deleteMember"},
		{http.MethodPost, member + "/teams", "", "team", "updateTeamMembers"},

		{http.MethodGet, teamsPath, "", "team", "viewTeam"},
		{http.MethodGet, team, "", "team", "viewTeam"},
		{http.MethodGet, team + "/roles", "", "team", "viewTeam"},
		{http.MethodGet, team + "/maintainers", "", "team", "viewTeam"},
		{http.MethodPost, teamsPath, "", "team", "createTeam"},
		{http.MethodPatch, team, "addCustomRoles", "team", "updateTeamCustomRoles"},
		{http.MethodPatch, team, "removeCustomRoles", "team", "updateTeamCustomRoles"},
		{http.MethodPatch, team, "addMembers", "team", "updateTeamMembers"},
		{http.MethodPatch, team, "removeMembers", "team", "updateTeamMembers"},
		{http.MethodPatch, team, "replaceMembers", "team", "updateTeamMembers"},
		{http.MethodPatch, team, "addPermissionGrants", "team", "updateTeamPermissionGrants"},
		{http.MethodPatch, team, "removePermissionGrants", "team", "updateTeamPermissionGrants"},
		{http.MethodPatch, team, "updateName", "team", "updateTeamName"},
		{http.MethodPatch, team, "updateDescription", "team", "updateTeamDescription"},
		// No source names an action for a team's role attributes. They decide what its roles mean,
		// so they take what its roles take.
		{http.MethodPatch, team, "addRoleAttribute", "team", "updateTeamCustomRoles"},
		{http.MethodPatch, team, "updateRoleAttribute", "team", "updateTeamCustomRoles"},
		{http.MethodPatch, team, "removeRoleAttribute", "team", "updateTeamCustomRoles"},
		{http.MethodPatch, team, "replaceRoleAttributes", "team", "updateTeamCustomRoles"},
		{http.MethodDelete, team, "", "team", "deleteTeam"},
	}
}
