package launchdarkly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A team says what it holds only where it is asked to (`expand`), and then names 25 roles at most.
// What is missing is read from the team's own list of roles, so that a team with many costs one
// request more, and the others none. A list that does not expand at all is made up for by reading
// each team alone: what a team does not say is never taken for nothing.

const (
	teamsPath = "/api/v2/teams"
	// maxTeams is the largest page of teams, and of the roles of one.
	maxTeams = 100
	// cutRoles is the number of roles at which LaunchDarkly cuts those within a team.
	cutRoles = 25
	// newTeam is how long a team that was made may answer 404: LaunchDarkly shows it with a delay.
	newTeam = 30 * time.Second
	// newTeamReads is how often such a team is read, and settleReads one whose roles are not all there.
	newTeamReads = 12
	settleReads  = 3
)

// teamExpand asks for the parts of a team that LaunchDarkly leaves out otherwise.
var teamExpand = url.Values{"expand": {"roles,roleAttributes"}}

// teamKey is what may stand in a URL. Unlike a role's key it shares its place with no id.
var teamKey = pattern.Lazy(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// teamRead is a team as one answer has it, and whether the answer says what the team holds.
type teamRead struct {
	role.LiveTeam
	rolesSaid, rolesCut, attributesSaid bool
}

// Teams returns every team of the account, sorted by key, with all of their roles, or an error. It
// wraps [role.ErrChanging] if the account did not hold still over several walks. LaunchDarkly does
// not say who is in a team: Members is nil, see [NameRoles].
func (c *Client) Teams(ctx context.Context) ([]role.LiveTeam, error) {
	key := func(t teamRead) string { return t.Key }
	list := listing[teamRead]{
		Client: c, path: teamsPath, query: teamExpand, noun: "team", size: &c.teamSize, read: readTeam,
		id: key, name: key, digest: func(t teamRead) string { return t.Digest() },
	}
	teams, err := whole(ctx, list, c.complete)
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return teams, nil
}

// complete returns the team with what the answer left out.
func (c *Client) complete(ctx context.Context, t teamRead) (role.LiveTeam, error) {
	if !t.rolesSaid {
		return c.alone(ctx, t.Key)
	}
	return c.withAllRoles(ctx, t)
}

func (c *Client) alone(ctx context.Context, key string) (role.LiveTeam, error) {
	t, err := c.team(ctx, http.MethodGet, teamsPath, key, nil)
	if err != nil {
		return role.LiveTeam{}, err
	}
	return c.withAllRoles(ctx, t)
}

// withAllRoles reads the team's own list of roles, where the team does not say all of them.
func (c *Client) withAllRoles(ctx context.Context, t teamRead) (role.LiveTeam, error) {
	if t.rolesSaid && !t.rolesCut {
		return t.LiveTeam, nil
	}
	if err := checkTeamKey(http.MethodGet, t.Key); err != nil {
		return role.LiveTeam{}, err
	}
	var size atomic.Int64
	size.Store(c.teamSize.Load())
	itself := func(key string) string { return key }
	roles, err := listing[string]{
		Client: c, path: teamsPath + "/" + t.Key + "/roles", noun: "role", size: &size, read: readKey,
		id: itself, name: itself, digest: itself,
	}.all(ctx)
	if err != nil {
		return role.LiveTeam{}, fmt.Errorf("list the roles of team %s: %w", quote(t.Key), err)
	}
	t.CustomRoles = roles
	return t.LiveTeam, nil
}

// Team returns one team with all of its roles. It wraps [role.ErrNotFound] if there is none; one
// that this client has just made is asked for again for a while.
func (c *Client) Team(ctx context.Context, key string) (role.LiveTeam, error) {
	for i := 0; ; i++ {
		t, err := c.alone(ctx, key)
		left := c.patience(key)
		if !errors.Is(err, role.ErrNotFound) || left <= 0 || i+1 == newTeamReads {
			return t, err
		}
		wait := min(pause(nil, i, c.jitter()), left)
		if err := c.pauseFor(role.Interrupt(ctx), wait, http.MethodGet, teamsPath+"/"+key, "a new team is not shown yet"); err != nil {
			return role.LiveTeam{}, fmt.Errorf("read the new team %s: %w", quote(key), err)
		}
	}
}

// patience returns how much longer a 404 may only mean that the team is new.
func (c *Client) patience(key string) time.Duration {
	made, ok := c.made.Load(key)
	if !ok {
		return 0
	}
	return made.(time.Duration) + newTeam - c.elapsed()
}

// CreateTeam sends one create and returns the team with all of its roles. Where the account passed
// over some, it returns the team and a [NotAddedError]. LaunchDarkly takes no comment with it.
func (c *Client) CreateTeam(ctx context.Context, t role.Team, _ string) (role.LiveTeam, error) {
	if err := checkTeamKey(http.MethodPost, t.Key); err != nil {
		return role.LiveTeam{}, err
	}
	if t.Name == "" {
		return role.LiveTeam{}, refused("create team %q: the name is empty", t.Key)
	}
	t = t.Normal()
	answer, err := c.team(ctx, http.MethodPost, teamsPath, t.Key, teamPost{
		t.Key, t.Name, t.Description, t.CustomRoles, t.RoleAttributes,
	})
	if err == nil || errors.Is(err, role.ErrUnknown) {
		c.made.Store(t.Key, c.elapsed()) // or perhaps made: whoever looks for it should be as patient
	}
	if err != nil {
		return role.LiveTeam{}, err
	}
	return c.settled(ctx, answer, t)
}

// SetTeam gives a team what after says. It reads the team first and compares it with before: a
// [MovedError] if it is something else by now. Then it sends one semantic patch with the
// instructions for what differs, which LaunchDarkly carries out all or none. Where the account
// passed over some roles, it returns the team and a [NotAddedError]. Where nothing differs, nothing
// is sent and before returned.
//
// A semantic patch takes no condition. Roles are added and removed one by one, so nobody else's are
// lost; but a name, a description or role attributes that somebody else sets between the reading and
// the patch are replaced, if they are to be changed here too. Package apply tells where more edits were
// counted than this one.
func (c *Client) SetTeam(ctx context.Context, before role.LiveTeam, after role.Team, comment string) (role.LiveTeam, error) {
	if err := checkSetTeam(before, after); err != nil {
		return role.LiveTeam{}, err
	}
	after = after.Normal()
	instructions := teamInstructions(before.Team, after)
	if len(instructions) == 0 {
		return before, nil
	}
	fresh, err := c.Team(ctx, before.Key)
	if err != nil {
		return role.LiveTeam{}, unread("team "+quote(before.Key), err)
	}
	if fresh.Digest() != before.Digest() {
		return role.LiveTeam{}, movedTeam(before, fresh)
	}
	answer, err := c.team(ctx, http.MethodPatch, teamsPath, before.Key, semanticPatch{comment, instructions})
	if err != nil {
		return role.LiveTeam{}, err
	}
	return c.settled(ctx, answer, after)
}

func checkSetTeam(before role.LiveTeam, after role.Team) error {
	switch {
	case before.Key != after.Key:
		return refused("update team %s: the key cannot be changed to %s", quote(before.Key), quote(after.Key))
	case after.Name == "" && before.Name != "":
		return refused("update team %s: the name is empty", quote(before.Key))
	}
	return checkTeamKey(http.MethodPatch, before.Key)
}

// settled returns what a write has made of a team. An answer that shows it all will do; otherwise
// the team is read back, more than once if roles are missing, since an account shows some changes
// with a delay.
func (c *Client) settled(ctx context.Context, answer teamRead, wanted role.Team) (role.LiveTeam, error) {
	if answer.saysAll() && len(missing(wanted.CustomRoles, answer.CustomRoles)) == 0 {
		return answer.LiveTeam, nil
	}
	for i := 1; ; i++ {
		live, err := c.Team(ctx, wanted.Key)
		if err != nil {
			return role.LiveTeam{}, readBack(err)
		}
		left := missing(wanted.CustomRoles, live.CustomRoles)
		switch {
		case len(left) == 0:
			return live, nil
		case i == settleReads:
			return live, &NotAddedError{wanted.Key, left}
		}
		if c.pauseFor(ctx, pause(nil, i, c.jitter()), http.MethodGet, teamsPath+"/"+wanted.Key, c.clean("the team does not show "+quoted(left))) != nil {
			return live, &NotAddedError{wanted.Key, left}
		}
	}
}

func (t teamRead) saysAll() bool { return t.rolesSaid && !t.rolesCut && t.attributesSaid }

// movedTeam says what differs between two states of a team.
func movedTeam(before, now role.LiveTeam) error {
	a, b := before.Team.Normal(), now.Team.Normal()
	var m moves
	m.add("name", a.Name != b.Name)
	m.add("description", a.Description != b.Description)
	m.add("customRoles", !slices.Equal(a.CustomRoles, b.CustomRoles))
	m.add("roleAttributes", !a.RoleAttributes.Equal(b.RoleAttributes))
	m.add("_idpSynced", before.Synced != now.Synced)
	return &MovedError{"team " + quote(before.Key), m.names()}
}

// teamPost is the body of a create.
type teamPost struct {
	Key            string          `json:"key"`
	Name           string          `json:"name"`
	Description    string          `json:"description,omitempty"`
	CustomRoleKeys []string        `json:"customRoleKeys,omitempty"`
	RoleAttributes role.Attributes `json:"roleAttributes,omitempty"`
}

// semanticType is the content type that LaunchDarkly documents for a semantic patch. It has been seen
// to take plain JSON too.
const semanticType = jsonType + "; domain-model=launchdarkly.semanticpatch"

// semanticPatch is LaunchDarkly's own form of an update.
type semanticPatch struct {
	Comment      string        `json:"comment,omitempty"`
	Instructions []instruction `json:"instructions"`
}

// instruction is one step of it, with a value or with values.
type instruction struct {
	Kind   string   `json:"kind"`
	Value  any      `json:"value,omitempty"`
	Values []string `json:"values,omitempty"`
}

// teamInstructions returns what turns one team into another, which is in normal form. Roles that neither
// of them has stay as they are. It is empty if nothing differs.
func teamInstructions(before, after role.Team) []instruction {
	var list []instruction
	if before.Name != after.Name {
		list = append(list, instruction{Kind: "updateName", Value: after.Name})
	}
	if before.Description != after.Description {
		list = append(list, instruction{Kind: "updateDescription", Value: after.Description})
	}
	if added := missing(after.CustomRoles, before.CustomRoles); len(added) > 0 {
		list = append(list, instruction{Kind: "addCustomRoles", Values: added})
	}
	if removed := missing(before.CustomRoles, after.CustomRoles); len(removed) > 0 {
		list = append(list, instruction{Kind: "removeCustomRoles", Values: removed})
	}
	if !before.RoleAttributes.Equal(after.RoleAttributes) {
		list = append(list, instruction{Kind: "replaceRoleAttributes", Value: after.RoleAttributes})
	}
	return list
}

// team sends a request that is answered with a team; the path of a team to be made is that of all.
func (c *Client) team(ctx context.Context, method, path, key string, content any) (teamRead, error) {
	if err := checkTeamKey(method, key); err != nil {
		return teamRead{}, err
	}
	if method != http.MethodPost {
		path += "/" + key
	}
	v, err := c.exchange(ctx, method, path, teamExpand, content)
	if err != nil {
		return teamRead{}, err
	}
	t, err := readTeam(*v)
	if err == nil && t.Key != key {
		err = fmt.Errorf("the answer holds team %s instead of %q", quote(t.Key), key)
	}
	if err != nil {
		return teamRead{}, c.misread(ctx, method, path, err)
	}
	return t, nil
}

func checkTeamKey(method, key string) error {
	if len(key) > role.MaxKey || !teamKey().MatchString(key) {
		return refused("%s team: key %s: use at most %d letters, digits, \"_\", \".\" and \"-\", and start with a letter or digit", method, quote(key), role.MaxKey)
	}
	return nil
}

// teamFields are the fields without a leading underscore that a team is known to have. Members,
// projects and maintainers are not asked for.
var teamFields = []string{"key", "name", "description", "roles", "roleAttributes", "members", "projects", "maintainers"}

// readTeam reads one team of an answer.
func readTeam(v value) (teamRead, error) {
	o := newObject("team", v)
	var t teamRead
	t.Key = o.mustText("key")
	o.what = "team " + quote(t.Key)
	o.require("name")
	t.Name = o.text("name")
	t.Description = o.text("description")
	t.RoleAttributes = o.attributes("roleAttributes")
	_, t.attributesSaid = o.get("roleAttributes")
	t.Synced = o.flag("_idpSynced")
	t.Version = o.count("_version", 0)
	t.Extra = o.unknown("", teamFields, nil)
	roles := o.object("roles")
	_, t.rolesSaid = roles.get("items")
	t.CustomRoles = roles.parts("items", "key")
	t.rolesCut = roles.cut(len(t.CustomRoles))
	o.adopt(roles)
	t.Team = t.Team.Normal()
	return t, o.err
}

// cut reports whether a list within another object may hold more than the n items that it shows.
func (o *object) cut(n int) bool {
	_, next := o.object("_links").get("next")
	total := o.count("totalCount", -1)
	return next || total > n || total < 0 && n >= cutRoles
}

// readKey reads the key of one role of a team.
func readKey(v value) (string, error) {
	o := newObject("role of the team", v)
	return o.mustText("key"), o.err
}
