package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

// maxInvited is how many members one request may invite.
const maxInvited = 50

func memberHref(id string) string { return membersPath + "/" + url.PathEscape(id) }

// expanded reads the parameter expand; words that mean nothing are ignored.
func expanded(r *request) expansion {
	x := expansion{}
	for word := range strings.SplitSeq(r.URL.Query().Get("expand"), ",") {
		x[word] = true
	}
	return x
}

// listMembers answers GET /api/v2/members.
func (e *Emulator) listMembers(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		p, err := e.readPage(r, membersPath, e.opts.Behaviour.MaxLimit)
		if err != nil {
			return nil, err
		}
		list, err := shown(e, v, r, e.unnamed(viewMember), arranged(v.members.order, e.opts.Behaviour), e.memberNames)
		if err != nil {
			return nil, err
		}
		list, err = filtered(e, r, v, list, memberFilters)
		if err != nil {
			return nil, err
		}
		if list, err = sortMembers(list, r.URL.Query().Get("sort")); err != nil {
			return nil, err
		}
		return listPage(e, p, list, e.memberWriter(v, expanded(r)).write), nil
	})
}

// getMember answers GET /api/v2/members/{id}.
func (e *Emulator) getMember(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, err := e.member(v, r)
		if err != nil {
			return nil, err
		}
		if action := e.unnamed(viewMember); action != "" && rec.is.ID != v.caller(e, r.token) {
			if err := e.mayRead(v, r, action, e.memberNames(rec.is)...); err != nil {
				return nil, err
			}
		}
		return e.memberAnswer(v, rec, expanded(r)), nil
	})
}

// member returns the member that the path names: by id, or as "me".
func (e *Emulator) member(v *view, r *request) (*record[Member], error) {
	id := r.id
	if id == "me" {
		id = v.caller(e, r.token)
	}
	rec, found := v.members.byID[id]
	if !found {
		return nil, errNotFound
	}
	return rec, nil
}

func (e *Emulator) memberAnswer(v *view, rec *record[Member], x expansion) []byte {
	return text(func(b *bytes.Buffer) { e.memberWriter(v, x).write(b, rec) })
}

// invitation is one member of a POST.
type invitation struct {
	member Member
	teams  []string
}

// createMembers answers POST /api/v2/members: all are invited, or none.
func (e *Emulator) createMembers(r *request) (reply, error) {
	var bodies []map[string]json.RawMessage
	if err := json.Unmarshal(r.body, &bodies); err != nil || len(bodies) == 0 {
		return reply{}, errBody
	}
	switch {
	case len(bodies) > maxInvited:
		return reply{}, refuse(400, "No more than %d members may be created per request", maxInvited)
	case e.opts.Behaviour.IdpMembers:
		return reply{}, errIdP("members")
	}
	invited := make([]invitation, len(bodies))
	for i, fields := range bodies {
		var err error
		if invited[i], err = readInvitation(fields); err != nil {
			return reply{}, err
		}
	}
	return e.write(r, http.StatusCreated, func(tx *change) ([]byte, error) {
		for _, in := range invited {
			if err := e.allow(tx.view, r, "", e.memberNames(in.member)...); err != nil {
				return nil, err
			}
		}
		return e.invite(tx, invited)
	})
}

// errIdP refuses what an identity provider does.
func errIdP(what string) error { return refuse(403, "%s are managed by your IdP", what) }

// baseRoles are the base roles that the API gives; ownership it does not.
var baseRoles = []string{"reader", "writer", "admin", "no_access"}

func readInvitation(fields map[string]json.RawMessage) (invitation, error) {
	var in invitation
	m := &in.member
	for name, target := range map[string]*string{"email": &m.Email, "role": &m.Role, "firstName": &m.FirstName, "lastName": &m.LastName} {
		if err := readField(fields, name, target); err != nil {
			return in, err
		}
	}
	for name, target := range map[string]*[]string{"customRoles": &m.CustomRoles, "teamKeys": &in.teams} {
		if err := readField(fields, name, target); err != nil {
			return in, err
		}
	}
	if err := readField(fields, "roleAttributes", &m.RoleAttributes); err != nil {
		return in, err
	}
	m.Pending = true
	switch address, err := mail.ParseAddress(m.Email); {
	case m.Email == "":
		return in, refuse(400, "email is required")
	case err != nil || address.Address != m.Email:
		return in, refuse(400, "email %q is not an e-mail address", m.Email)
	case m.Role == "" && len(m.CustomRoles) == 0:
		return in, refuse(400, "either role or customRoles is required")
	case m.Role != "" && !slices.Contains(baseRoles, m.Role):
		return in, refuse(400, "role %q is not reader, writer, admin or no_access", m.Role)
	}
	return in, nil
}

// invite stores the members and puts them into their teams.
func (e *Emulator) invite(tx *change, invited []invitation) ([]byte, error) {
	if err := e.conflicts(tx, invited); err != nil {
		return nil, err
	}
	made := make([]string, len(invited))
	for i, in := range invited {
		var err error
		if in.member.CustomRoles, err = tx.knownRoles(in.member.CustomRoles); err != nil {
			return nil, err
		}
		rec := put(tx, tx.members, nil, in.member)
		made[i] = rec.is.ID
		if err := e.joinTeams(tx, rec.is.ID, in.teams); err != nil {
			return nil, err
		}
	}
	records := make([]*record[Member], len(made))
	for i, id := range made {
		records[i] = tx.members.byID[id]
	}
	links := map[string]link{"self": linkTo(membersPath)}
	return encodeList(records, len(records), links, true, e.memberWriter(tx.view, expansion{"customRoles": true, "roleAttributes": true}).write), nil
}

// conflicts refuses e-mail addresses that cannot be invited, and names them.
func (e *Emulator) conflicts(tx *change, invited []invitation) error {
	seen := map[string]bool{}
	var twice, here, elsewhere []string
	for _, in := range invited {
		email := in.member.Email
		if seen[lower(email)] {
			twice = append(twice, email)
		}
		seen[lower(email)] = true
		if _, found := tx.members.byKey[lower(email)]; found {
			here = append(here, email)
		}
		if slices.ContainsFunc(e.opts.Elsewhere, func(other string) bool { return lower(other) == lower(email) }) {
			elsewhere = append(elsewhere, email)
		}
	}
	switch {
	case twice != nil:
		return &apiError{400, "duplicate_emails", "The request contains members with the same e-mail address", twice}
	case here != nil:
		return &apiError{400, "email_already_exists_in_account", "A member with this e-mail address already exists in this account", here}
	case elsewhere != nil:
		return &apiError{400, "email_taken_in_different_account", "A member with this e-mail address exists in another account", elsewhere}
	}
	return nil
}

// knownRoles returns the ids of the roles of those keys or ids; all of them have to be there.
func (v *view) knownRoles(names []string) ([]string, error) {
	for _, name := range names {
		if _, found := v.roles.find(name); !found {
			return nil, refuse(400, "Unknown custom role %q", name)
		}
	}
	return v.roleIDs(names), nil
}

// joinTeams puts a member into teams; all of them have to be there.
func (e *Emulator) joinTeams(tx *change, id string, keys []string) error {
	for _, key := range keys {
		old, found := tx.teams.byKey[key]
		switch {
		case !found:
			return refuse(400, "Unknown team %q", key)
		case old.is.Synced && e.opts.Behaviour.SyncedTeam == "refuse":
			return errIdP("teams")
		case slices.Contains(old.is.Members, id):
			continue
		}
		next := old.is.clone()
		next.Members = append(next.Members, id)
		put(tx, tx.teams, old, next)
	}
	return nil
}

// deleteMember answers DELETE /api/v2/members/{id}.
func (e *Emulator) deleteMember(r *request) (reply, error) {
	return e.write(r, http.StatusNoContent, func(tx *change) ([]byte, error) {
		rec, err := e.member(tx.view, r)
		if err != nil {
			return nil, err
		}
		if err := e.allow(tx.view, r, "", e.memberNames(rec.is)...); err != nil {
			return nil, err
		}
		if e.opts.Behaviour.IdpMembers && rec.is.Synced {
			return nil, errIdP("members")
		}
		tx.removeMember(rec)
		return nil, nil
	})
}

// removeMember deletes a member, and with it what it was in its teams.
func (c *change) removeMember(old *record[Member]) {
	id := old.is.ID
	for _, t := range slices.Clone(c.teams.order) {
		next := t.is.clone()
		next.Members, next.Grants = without(next.Members, id), revoked(next.Grants, Grant{Members: []string{id}}, true)
		if len(next.Members) == len(t.is.Members) && len(granted(next.Grants)) == len(granted(t.is.Grants)) {
			continue
		}
		put(c, c.teams, t, next)
	}
	remove(c, c.members, old)
}

// postMemberTeams answers POST /api/v2/members/{id}/teams.
func (e *Emulator) postMemberTeams(r *request) (reply, error) {
	fields, err := decodeFields(r.body)
	if err != nil {
		return reply{}, err
	}
	var keys []string
	if err := readField(fields, "teamKeys", &keys); err != nil {
		return reply{}, err
	}
	if len(keys) == 0 {
		return reply{}, refuse(400, "teamKeys is required")
	}
	return e.write(r, http.StatusCreated, func(tx *change) ([]byte, error) {
		rec, err := e.member(tx.view, r)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			if err := e.allow(tx.view, r, "", teamNames(Team{Key: key})...); err != nil {
				return nil, err
			}
		}
		if err := e.joinTeams(tx, rec.is.ID, keys); err != nil {
			return nil, err
		}
		return e.memberAnswer(tx.view, rec, expanded(r)), nil
	})
}
