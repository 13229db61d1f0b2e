package launchdarkly

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

const membersPath = "/api/v2/members"

// memberExpand asks for the parts of a member that LaunchDarkly leaves out otherwise. Its
// specification has the roles always, its documentation of the list only where they are asked for.
var memberExpand = url.Values{"expand": {"customRoles,roleAttributes"}}

// baseRoles are what a member may have as a base role.
var baseRoles = []string{"reader", "writer", "admin", "owner", "no_access"}

// Members returns every member of the account, sorted by e-mail address, or an error. It wraps
// [role.ErrChanging] if the account did not hold still over several walks. CustomRoles hold what
// the account gives, which is ids of roles: see [NameRoles].
func (c *Client) Members(ctx context.Context) ([]role.LiveMember, error) {
	list := listing[role.LiveMember]{
		Client: c, path: membersPath, query: memberExpand, noun: "member", size: &c.memberSize, read: readMember,
		id:   func(m role.LiveMember) string { return m.ID },
		name: func(m role.LiveMember) string { return m.Email }, digest: role.LiveMember.Digest,
	}
	members, err := steady(ctx, c, membersPath, func(ctx context.Context) ([]role.LiveMember, error) {
		members, err := list.walk(ctx)
		return members, cmp.Or(err, twoOfOneAddress(members))
	})
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	slices.SortFunc(members, role.CompareMembers)
	return members, nil
}

// twoOfOneAddress finds two members of one e-mail address: one was removed and invited again
// between two pages.
func twoOfOneAddress(members []role.LiveMember) error {
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		address := strings.ToLower(m.Email)
		if seen[address] {
			return torn("two members have the e-mail address %s", quote(m.Email))
		}
		seen[address] = true
	}
	return nil
}

// Member returns one member by its id. It wraps [role.ErrNotFound] if there is none.
func (c *Client) Member(ctx context.Context, id string) (role.LiveMember, error) {
	live, _, err := c.member(ctx, http.MethodGet, id, nil)
	return live, err
}

// SetMember gives a member what after says: base role, roles and role attributes. It reads the
// member first and compares it with before: a [MovedError] if it is something else by now. Then it
// sends one patch: tests of the values that are about to be replaced, as the account sent them, and
// the replacements. The account refuses it (role.ErrConflict) if one of them has moved. Role attributes
// of several values are not tested, since they may come in another order each time: those that
// somebody else sets between the reading and the patch are replaced, if they are to be changed here too.
//
// Roles are keys in after, and keys or ids in before; ids has the id of each. Roles that the account
// does not list (before.Strangers) stay with the member. Where nothing differs, nothing is sent and
// before returned. The answer's roles are ids, see [NameRoles].
func (c *Client) SetMember(ctx context.Context, before role.LiveMember, after role.Member, ids map[string]string, comment string) (role.LiveMember, error) {
	wanted, err := wantedMember(before, after, ids)
	if err != nil {
		return role.LiveMember{}, err
	}
	held := inIDs(before, ids)
	if len(memberPatch(held.Member, wanted, value{})) == 0 {
		return before, nil
	}
	fresh, sent, err := c.member(ctx, http.MethodGet, before.ID, nil)
	if err != nil {
		return role.LiveMember{}, unread("member "+quote(before.Email), err)
	}
	fresh = inIDs(fresh, ids)
	if fresh.Digest() != held.Digest() {
		return role.LiveMember{}, movedMember(held, fresh)
	}
	operations := memberPatch(fresh.Member, wanted, *sent)
	email, _ := sent.field("email")
	refused, err := c.memberTests.learn(before.ID, sent.raw, func() error {
		_, err := c.patchMember(ctx, before.ID, []operation{{opTest, "/email", json.RawMessage(email.raw)}}, comment)
		return err
	})
	switch {
	case err != nil:
		return role.LiveMember{}, err
	case refused:
		operations = withoutTests(operations)
	}
	live, err := c.patchMember(ctx, before.ID, operations, comment)
	c.memberTests.note(before.ID, sent.raw, err)
	if err != nil || len(memberPatch(inIDs(live, ids).Member, wanted, value{})) == 0 {
		return live, err
	}
	// In answer to a write an account may leave out what it says when it is asked.
	live, err = c.Member(ctx, before.ID)
	return live, readBack(err)
}

// patchMember sends the operations beside the comment. LaunchDarkly describes that form for patches in
// general, and only the bare operations for members: an account that refuses the one (400, so nothing
// was done) gets the other, from then on at once.
func (c *Client) patchMember(ctx context.Context, id string, operations []operation, comment string) (role.LiveMember, error) {
	if comment == "" || c.bare.Load() {
		live, _, err := c.member(ctx, http.MethodPatch, id, operations)
		return live, err
	}
	live, _, err := c.member(ctx, http.MethodPatch, id, patchBody{comment, operations})
	if !badRequest(err) {
		return live, err
	}
	live, _, err = c.member(ctx, http.MethodPatch, id, operations)
	if err == nil {
		c.bare.Store(true)
		c.log.InfoContext(ctx, "the account takes no comments with changes to members")
	}
	return live, err
}

// movedMember says what differs between two states of a member; both have ids for roles.
func movedMember(before, now role.LiveMember) error {
	var m moves
	m.add("email", before.Email != now.Email)
	m.add("role", before.Role != now.Role)
	m.add("customRoles", !slices.Equal(before.CustomRoles, now.CustomRoles))
	m.add("roleAttributes", !before.RoleAttributes.Equal(now.RoleAttributes))
	m.add("_idpSynced", before.Synced != now.Synced)
	return &MovedError{"member " + quote(before.Email), m.names()}
}

// wantedMember returns after as it is sent: with ids for keys, and with what the member keeps.
func wantedMember(before role.LiveMember, after role.Member, ids map[string]string) (role.Member, error) {
	name := quote(before.Email)
	switch {
	case !strings.EqualFold(before.Email, after.Email):
		return after, refused("update member %s: the e-mail address cannot be changed to %s", name, quote(after.Email))
	case !slices.Contains(baseRoles, after.Role):
		return after, refused("update member %s: %s is not a base role: give one of %s", name, quote(after.Role), strings.Join(baseRoles, ", "))
	case after.Role == "owner" && before.Role != "owner":
		return after, refused("update member %s: an account is not handed over through its API", name)
	}
	for _, key := range after.CustomRoles {
		if _, known := ids[key]; !known && !slices.Contains(before.CustomRoles, key) {
			return after, refused("update member %s: the account has no role %s", name, quote(key))
		}
	}
	after.CustomRoles = slices.Concat(translated(after.CustomRoles, ids), before.Strangers)
	return after.Normal(), nil
}

// toIDs returns ids with each id standing for itself, also where it looks like another role's key.
func toIDs(ids map[string]string) map[string]string {
	words := maps.Clone(ids)
	for _, id := range ids {
		words[id] = id
	}
	return words
}

// inIDs returns m with ids for the keys of its roles, and with strangers among the others.
func inIDs(m role.LiveMember, ids map[string]string) role.LiveMember {
	m.CustomRoles = translated(slices.Concat(m.CustomRoles, m.Strangers), toIDs(ids))
	m.Strangers = nil
	m.Member = m.Member.Normal()
	return m
}

// memberPatch returns what turns one member into another; both have ids for roles. The fields are
// those of the account's answer, whose values the tests repeat.
func memberPatch(held, wanted role.Member, sent value) []operation {
	var tests, replacements []operation
	replace := func(field string, differs, tested bool, to any) {
		if !differs {
			return
		}
		if v, ok := sent.field(field); ok && tested {
			tests = append(tests, operation{opTest, "/" + field, json.RawMessage(v.raw)})
		}
		replacements = append(replacements, operation{"replace", "/" + field, to})
	}
	replace("role", held.Role != wanted.Role, true, wanted.Role)
	replace("customRoles", !slices.Equal(held.CustomRoles, wanted.CustomRoles), true, wanted.CustomRoles)
	replace("roleAttributes", !held.RoleAttributes.Equal(wanted.RoleAttributes), ordered(held.RoleAttributes), wanted.RoleAttributes)
	return append(tests, replacements...)
}

// ordered reports whether values come in the same order each time, since there is one of each
// attribute at most: LaunchDarkly gives several in any order, and a test of them might never hold.
func ordered(a role.Attributes) bool {
	for _, values := range a {
		if len(values) > 1 {
			return false
		}
	}
	return true
}

// member sends a request that is answered with a member.
func (c *Client) member(ctx context.Context, method, id string, content any) (role.LiveMember, *value, error) {
	if !objectID().MatchString(id) {
		return role.LiveMember{}, nil, badMemberID(method, id)
	}
	path, query := membersPath+"/"+id, memberExpand
	if method != http.MethodGet {
		query = nil // documented for reading only
	}
	v, err := c.exchange(ctx, method, path, query, content)
	if err != nil {
		return role.LiveMember{}, nil, err
	}
	live, err := readMember(*v)
	if err == nil && live.ID != id {
		err = fmt.Errorf("the answer holds member %s instead of %q", quote(live.ID), id)
	}
	if err != nil {
		return role.LiveMember{}, nil, c.misread(ctx, method, path, err)
	}
	return live, v, nil
}

func badMemberID(method, id string) error {
	return refused("%s member: %s is not the id of a member, which has 24 hexadecimal digits", method, quote(id))
}

// memberFields are the fields without a leading underscore that a member is known to have. Those
// that are not read either move by themselves or say nothing of roles.
var memberFields = []string{
	"email", "role", "customRoles", "roleAttributes", "teams", "version", "firstName", "lastName", "mfa",
	"creationDate", "oauthProviders", "excludedDashboards", "permissionGrants",
}

// readMember reads one member of an answer.
func readMember(v value) (role.LiveMember, error) {
	o := newObject("member", v)
	m := role.LiveMember{ID: o.mustText("_id")}
	m.Email = o.mustText("email")
	o.what = "member " + quote(m.Email)
	o.require("customRoles")
	m.Role = o.baseRole("role")
	m.CustomRoles = o.texts("customRoles")
	m.RoleAttributes = o.attributes("roleAttributes")
	m.Teams = o.parts("teams", "key")
	m.Pending = o.flag("_pendingInvite")
	m.Synced = o.flag("_idpSynced")
	m.Version = max(o.count("version", 0), o.count("_version", 0))
	m.Extra = o.unknown("", memberFields, nil)
	m.Member = m.Member.Normal()
	return m, o.err
}

// baseRole returns a base role, which has to be one that we know: what another one allows nobody
// here can tell.
func (o *object) baseRole(name string) string {
	text := o.mustText(name)
	if o.err == nil && !slices.Contains(baseRoles, text) {
		o.err = fmt.Errorf("%s: %q is %s, which is not a base role that this version knows (%s)", o.what, name, quote(text), strings.Join(baseRoles, ", "))
	}
	return text
}

// attributes returns role attributes; absent and null are none.
func (o *object) attributes(name string) role.Attributes {
	attributes := role.Attributes{}
	values := o.object(name)
	for _, v := range values.v.parts {
		var texts []string
		if !v.null() {
			texts = values.textsIn(string(v.name), v.value)
		}
		attributes[string(v.name)] = texts
	}
	o.adopt(values)
	return attributes
}

// parts returns one text of each object in an array, sorted and without repetition, never nil.
func (o *object) parts(list, name string) []string {
	texts := []string{}
	for _, v := range o.list(list) {
		part := newObject(fmt.Sprintf("%s: %q", o.what, list), v.value)
		texts = append(texts, part.mustText(name))
		o.adopt(part)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}
