package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func teamHref(key string) string { return teamsPath + "/" + url.PathEscape(key) }

// listTeams answers GET /api/v2/teams.
func (e *Emulator) listTeams(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		p, err := e.readPage(r, teamsPath, e.opts.Behaviour.MaxTeamLimit)
		if err != nil {
			return nil, err
		}
		list, err := shown(e, v, r, viewTeam, arranged(v.teams.order, e.opts.Behaviour), teamNames)
		if err != nil {
			return nil, err
		}
		list, err = filtered(e, r, v, list, teamFilters)
		if err != nil {
			return nil, err
		}
		return listPage(e, p, list, teamWriter{v, expanded(r)}.write), nil
	})
}

// getTeam answers GET /api/v2/teams/{key}.
func (e *Emulator) getTeam(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, err := e.visibleTeam(v, r)
		if err != nil {
			return nil, err
		}
		return teamAnswer(v, rec, expanded(r)), nil
	})
}

// team returns the team that the path names, if it is old enough to be found.
func (e *Emulator) team(v *view, r *request) (*record[Team], error) {
	rec, found := v.teams.byKey[r.id]
	if !found || e.opts.Now().UnixMilli()-rec.is.Created < e.opts.Behaviour.NewTeamLag.Milliseconds() {
		return nil, errNotFound
	}
	return rec, nil
}

// visibleTeam is team for a token that may view it.
func (e *Emulator) visibleTeam(v *view, r *request) (*record[Team], error) {
	rec, err := e.team(v, r)
	if err != nil {
		return nil, err
	}
	return rec, e.mayRead(v, r, viewTeam, teamNames(rec.is)...)
}

func teamAnswer(v *view, rec *record[Team], x expansion) []byte {
	return text(func(b *bytes.Buffer) { teamWriter{v, x}.write(b, rec) })
}

// listTeamRoles answers GET /api/v2/teams/{key}/roles.
func (e *Emulator) listTeamRoles(r *request) (reply, error) {
	return subList(e, r, "/roles", (*view).teamRoles)
}

// listMaintainers answers GET /api/v2/teams/{key}/maintainers.
func (e *Emulator) listMaintainers(r *request) (reply, error) {
	return subList(e, r, "/maintainers", (*view).maintainers)
}

func subList[T any](e *Emulator, r *request, path string, items func(*view, *record[Team]) []T) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, err := e.visibleTeam(v, r)
		if err != nil {
			return nil, err
		}
		p, err := e.readPage(r, teamHref(rec.is.Key)+path, e.opts.Behaviour.MaxTeamLimit)
		if err != nil {
			return nil, err
		}
		list := items(v, rec)
		return encodeList(cut(p, list), len(list), p.links(len(list)), true, writeJSON[T]), nil
	})
}

// createTeam answers POST /api/v2/teams.
func (e *Emulator) createTeam(r *request) (reply, error) {
	next, err := readNewTeam(r.body)
	if err != nil {
		return reply{}, err
	}
	if e.opts.Behaviour.IdpTeams {
		return reply{}, errIdP("teams")
	}
	return e.write(r, http.StatusCreated, func(tx *change) ([]byte, error) {
		if err := e.allow(tx.view, r, "", teamNames(next)...); err != nil {
			return nil, err
		}
		if err := e.admitTeam(tx, &next); err != nil {
			return nil, err
		}
		return teamAnswer(tx.view, put(tx, tx.teams, nil, next), expanded(r)), nil
	})
}

// wireGrant is a permission grant in a request.
type wireGrant struct {
	ActionSet string   `json:"actionSet"`
	Actions   []string `json:"actions"`
	MemberIDs []string `json:"memberIDs"`
}

func (g wireGrant) grant() (Grant, error) {
	if (g.ActionSet == "") == (len(g.Actions) == 0) {
		return Grant{}, refuse(400, "A permission grant has either actionSet or actions")
	}
	return Grant{g.ActionSet, g.Actions, g.MemberIDs}, nil
}

func readNewTeam(body []byte) (Team, error) {
	fields, err := decodeFields(body)
	if err != nil {
		return Team{}, err
	}
	var t Team
	for name, target := range map[string]*string{"key": &t.Key, "name": &t.Name, "description": &t.Description} {
		if err := readField(fields, name, target); err != nil {
			return Team{}, err
		}
	}
	for name, target := range map[string]*[]string{"customRoleKeys": &t.CustomRoles, "memberIDs": &t.Members} {
		if err := readField(fields, name, target); err != nil {
			return Team{}, err
		}
	}
	switch {
	case t.Key == "":
		return Team{}, refuse(400, "key is required")
	case !keyPattern().MatchString(t.Key):
		return Team{}, refuse(400, "key %q may hold letters, digits, '.', '_' and '-' only, and starts with a letter or digit", t.Key)
	case t.Name == "":
		return Team{}, refuse(400, "name is required")
	}
	if err := readField(fields, "roleAttributes", &t.RoleAttributes); err != nil {
		return Team{}, err
	}
	t.Grants, err = readGrants(fields)
	return t, err
}

func readGrants(fields map[string]json.RawMessage) ([]Grant, error) {
	var list []wireGrant
	if err := readField(fields, "permissionGrants", &list); err != nil {
		return nil, err
	}
	var grants []Grant
	for _, w := range list {
		g, err := w.grant()
		if err != nil {
			return nil, err
		}
		grants = extended(grants, g)
	}
	return grants, nil
}

// admitTeam refuses a team that cannot be, and resolves the names in it.
func (e *Emulator) admitTeam(tx *change, t *Team) (err error) {
	b := e.opts.Behaviour
	_, taken := tx.teams.byKey[t.Key]
	switch {
	case taken && b.DuplicateKeyBody == "invalid_request":
		return &apiError{409, "invalid_request", fmt.Sprintf("A team with the key %q already exists", t.Key), nil}
	case taken:
		return refuse(409, "%s", conflictText)
	case tx.teams.retired[t.Key] && b.ReuseKey == "refuse":
		return refuse(409, "The key %q belonged to a team that was deleted", t.Key)
	}
	if t.CustomRoles, err = e.teamRoleIDs(tx.view, t.CustomRoles); err != nil {
		return err
	}
	if t.Members, err = e.teamMemberIDs(tx.view, t.Members); err != nil {
		return err
	}
	for i := range t.Grants {
		if t.Grants[i].Members, err = e.teamMemberIDs(tx.view, t.Grants[i].Members); err != nil {
			return err
		}
	}
	return nil
}

// teamRoleIDs returns the ids of the roles of those keys. One that is not known is left out without
// a word, or refused.
func (e *Emulator) teamRoleIDs(v *view, keys []string) ([]string, error) {
	return known(keys, e.opts.Behaviour.UnknownTeamRole, "custom role", func(key string) bool {
		_, found := v.roles.find(key)
		return found
	}, v.roleIDs)
}

// teamMemberIDs does the same for members, which are named by their ids.
func (e *Emulator) teamMemberIDs(v *view, ids []string) ([]string, error) {
	return known(ids, e.opts.Behaviour.UnknownMember, "member", func(id string) bool {
		_, found := v.members.byID[id]
		return found
	}, v.memberIDs)
}

func known(names []string, mode, what string, found func(string) bool, ids func([]string) []string) ([]string, error) {
	var there []string
	for _, name := range names {
		switch {
		case found(name):
			there = append(there, name)
		case mode == "refuse":
			return nil, refuse(400, "Unknown %s %q", what, name)
		}
	}
	return ids(there), nil
}

// deleteTeam answers DELETE /api/v2/teams/{key}.
func (e *Emulator) deleteTeam(r *request) (reply, error) {
	return e.write(r, http.StatusNoContent, func(tx *change) ([]byte, error) {
		old, err := e.team(tx.view, r)
		if err != nil {
			return nil, err
		}
		if err := e.allow(tx.view, r, "", teamNames(old.is)...); err != nil {
			return nil, err
		}
		most := 0
		ever(tx, tx.teams, func(t *record[Team]) {
			if t.seq == old.seq {
				most = max(most, len(t.is.Members))
			}
		})
		if most > 0 && e.opts.Behaviour.DeleteTeamWithMembers == "refuse" {
			return nil, refuse(409, "The team %q has members (%d) and cannot be deleted", old.is.Key, most)
		}
		remove(tx, tx.teams, old)
		return nil, nil
	})
}

// semanticType is the documented content type of a semantic patch.
const semanticType = "application/json; domain-model=launchdarkly.semanticpatch"

func isSemantic(contentType string) bool {
	return strings.Contains(strings.ReplaceAll(contentType, " ", ""), ";domain-model=launchdarkly.semanticpatch")
}

// patchTeam answers PATCH /api/v2/teams/{key}, a semantic patch.
func (e *Emulator) patchTeam(r *request) (reply, error) {
	list, err := e.readInstructions(r)
	if err != nil {
		return reply{}, err
	}
	return e.write(r, http.StatusOK, func(tx *change) ([]byte, error) {
		old, err := e.team(tx.view, r)
		if err != nil {
			return nil, err
		}
		p := teamPatch{e, tx, old.is.clone()}
		for _, in := range list {
			if err := p.apply(in); err != nil {
				return nil, err
			}
			if err := e.allow(tx.view, r, in.kind(), teamNames(old.is)...); err != nil {
				return nil, err
			}
		}
		return teamAnswer(tx.view, put(tx, tx.teams, old, p.next), expanded(r)), nil
	})
}

// owned are the instructions that are an identity provider's on a team that it owns.
var owned = []string{"addMembers", "removeMembers", "replaceMembers", "updateName"}

func (p *teamPatch) apply(in instruction) error {
	apply := teamInstructions[in.kind()]
	if apply == nil {
		return refuse(400, "Unknown instruction %q", in.kind())
	}
	if p.next.Synced && p.emulator.opts.Behaviour.SyncedTeam == "refuse" && slices.Contains(owned, in.kind()) {
		return errIdP("teams")
	}
	return apply(p, in)
}
