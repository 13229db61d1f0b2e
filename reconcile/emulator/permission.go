package emulator

import (
	"net/http"
	"slices"
)

// Permission is what a token must be allowed to do for a route, in the words of policies. A [Token]
// that is limited is refused without.
type Permission struct {
	Method, Path string
	// For narrows the row to requests with that field of a patch, or that instruction; "" is every
	// request of the route.
	For string
	// Type is the type of the resource, Action the action on it.
	Type, Action string
}

// Permissions lists what each writing route takes, and what reading takes: viewTeam for teams,
// viewProject for projects and what is in them. Reading roles and members takes no action that is
// known; see the switch unnamedReads.
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

		{http.MethodGet, teamsPath, "", "team", viewTeam},
		{http.MethodGet, team, "", "team", viewTeam},
		{http.MethodGet, team + "/roles", "", "team", viewTeam},
		{http.MethodGet, team + "/maintainers", "", "team", viewTeam},
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

		{http.MethodGet, projectsPath, "", "proj", viewProject},
		{http.MethodGet, projectsPath + "/{key}", "", "proj", viewProject},
		{http.MethodGet, projectsPath + "/{key}/environments", "", "proj", viewProject},
		{http.MethodGet, flagsPath + "/{key}", "", "proj", viewProject},
	}
}

// The actions that reading takes.
const (
	viewTeam    = "viewTeam"
	viewProject = "viewProject"
)

var permissions = Permissions()

// permissionFor returns what a route, or a part of it, takes.
func permissionFor(method, path, part string) (Permission, bool) {
	i := slices.IndexFunc(permissions, func(p Permission) bool { return p.Method == method && p.Path == path && p.For == part })
	if i < 0 {
		return Permission{}, false
	}
	return permissions[i], true
}
