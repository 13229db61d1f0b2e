package reconcile

import (
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// holder is a team or a member on its way into a file.
type holder struct {
	note   plan.Note
	reason string // why it is left out
	data   []byte
	same   func(manifest.Declared) bool // as the file says it
}

// ExportHolders returns one file for each team and member of the scope that holds a role or has role
// attributes, except where omit returns a reason to leave it out. What an identity provider owns is
// left to it. Each file is read back before it is returned: planning the files changes nothing.
func ExportHolders(people *SnapshotPeople, scope plan.Scope, omit func(kind, key string) string) Exported {
	var out Exported
	taken := map[string]bool{}
	for _, h := range holders(people, scope) {
		if h.reason == "" {
			h.reason = omit(h.note.Kind, h.note.Key)
		}
		if h.note.Reason = h.reason; h.reason != "" {
			out.Left = append(out.Left, h.note)
			continue
		}
		f := File{Path: HolderFile(h.note.Kind, h.note.Key), Data: h.data}
		if h.note.Reason = h.unfit(f); h.note.Reason != "" || taken[strings.ToLower(f.Path)] {
			out.Unfit = append(out.Unfit, h.note)
			continue
		}
		taken[strings.ToLower(f.Path)] = true
		out.Files = append(out.Files, f)
	}
	return out
}

// HolderFile returns where export puts a team or a member, relative to the workspace.
func HolderFile(kind, key string) string { return kind + "s/" + key + ".yaml" }

func holders(people *SnapshotPeople, scope plan.Scope) (list []holder) {
	if people == nil {
		return nil
	}
	for _, t := range people.Teams {
		if scope.Teams != nil {
			list = append(list, teamHolder(t, *scope.Teams))
		}
	}
	for _, m := range people.Members {
		if scope.Members != nil {
			list = append(list, memberHolder(m, *scope.Members))
		}
	}
	return list
}

func teamHolder(t role.LiveTeam, scope role.Scope) holder {
	h := holder{note: plan.Note{Kind: plan.KindTeam, Key: t.Key, Name: t.Name}, data: layout.WriteTeam(t.Team, roleSchema)}
	covered, why := scope.Covers(t.Key)
	h.reason = leaveOut(covered, why, t.Synced, len(t.CustomRoles)+len(t.RoleAttributes.Normal()))
	h.same = func(d manifest.Declared) bool {
		return len(d.Teams) == 1 && asTeam(d.Teams[0]).Digest() == t.Team.Digest()
	}
	return h
}

func memberHolder(m role.LiveMember, scope role.Scope) holder {
	h := holder{note: plan.Note{Kind: plan.KindMember, Key: m.Email}, data: layout.WriteMember(m.Member, roleSchema)}
	covered, why := scope.CoversEmail(m.Email)
	h.reason = leaveOut(covered, why, m.Synced, len(m.CustomRoles)+len(m.RoleAttributes.Normal())+len(m.Strangers))
	h.same = func(d manifest.Declared) bool {
		if len(d.Members) != 1 || len(m.Strangers) > 0 {
			return false
		}
		read := asMember(d.Members[0])
		if d.Members[0].Role == nil { // a file cannot make an owner
			read.Role = m.Role
		}
		return read.Digest() == m.Member.Digest()
	}
	return h
}

func leaveOut(covered bool, why string, synced bool, holds int) string {
	switch {
	case !covered:
		return why
	case synced:
		return "an identity provider owns it"
	case holds == 0:
		return "holds no role"
	}
	return ""
}

// unfit returns why a file does not say the same as what it was written from, or "".
func (h holder) unfit(f File) string {
	declared, findings := manifest.Read(f.Path, f.Data)
	for _, found := range findings {
		if found.Severity == diag.Error {
			return found.Message
		}
	}
	if !h.same(declared) {
		return "a file of it would not read back the same"
	}
	return ""
}

// asTeam is a team as its file says it.
func asTeam(d role.DesiredTeam) role.Team {
	return role.Team{
		Key: d.Key, Name: said(d.Name), Description: said(d.Description),
		CustomRoles: keysOf(d.CustomRoles), RoleAttributes: said(d.RoleAttributes),
	}
}

// asMember is a member as its file says it.
func asMember(d role.DesiredMember) role.Member {
	return role.Member{
		Email: d.Email, Role: said(d.Role), CustomRoles: keysOf(d.CustomRoles), RoleAttributes: said(d.RoleAttributes),
	}
}
