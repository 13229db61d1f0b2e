package reconcile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A random organisation: an account on the emulator, with everything in it that decides who may do
// what, and files that want something else. Its roles speak of the small world of orgs_truth_test.go,
// in which every request can be tried.
type org struct {
	seed uint64
	r    *rand.Rand
	emu  *emulator.Emulator
	// behaviour is how emu was switched.
	behaviour emulator.Behaviour
	// wild organisations have files that guards refuse, or may: they hand out administration, or delete
	// where nothing may be deleted. Calm ones have files that say what is so.
	wild, calm bool
	files      map[string]string
	// What the files want, written anew: roles by key (nil for one that is to go), teams by key and
	// members by e-mail address.
	roles          map[string]*role.Role
	teams, members map[string]wantedHolder
	// manages says which kinds of holders are managed.
	managesTeams, managesMembers bool
	gone                         map[string]bool // keys of roles that files say are to go
}

// wantedHolder is what a file says of a team or a member: nil is not said.
type wantedHolder struct {
	fields     map[string]string // name, description, role
	roles      []string          // those that have not expired
	attributes role.Attributes
}

// drawOrg returns the organisation of a seed: always the same one.
func drawOrg(t testing.TB, seed uint64) *org {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 5))
	o := &org{
		seed: seed, r: r, wild: r.IntN(12) == 0, calm: r.IntN(16) == 0, files: map[string]string{}, roles: map[string]*role.Role{},
		teams: map[string]wantedHolder{}, members: map[string]wantedHolder{}, gone: map[string]bool{},
		managesTeams: r.IntN(6) > 0, managesMembers: r.IntN(6) > 0,
	}
	o.emu = o.account(t)
	o.drawFiles()
	return o
}

func anyOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// some draws up to n of the pool, in any order.
func some(r *rand.Rand, pool []string, n int) []string {
	list := []string{}
	for _, i := range r.Perm(len(pool))[:min(len(pool), r.IntN(n+1))] {
		list = append(list, pool[i])
	}
	return list
}

// as turns a value into another type of the same JSON.
func as[T any](v any) (to T) {
	if err := json.Unmarshal([]byte(jsonOf(v)), &to); err != nil {
		panic(err)
	}
	return to
}

func jsonOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

const ofAttribute = "${roleAttribute/p}"

var orgActions = []string{"updateOn", "update*", "createFlag", "*", "viewProject", "view*", "updateTags", "createMetric"}

func (o *org) specifier(kind string) string {
	proj := "proj/" + anyOf(o.r, "*", "a", "b", ofAttribute, ofAttribute)
	key := anyOf(o.r, "*", "*", "a", "b")
	switch kind {
	case "flag":
		return proj + ":env/*" + anyOf(o.r, "", "", ";{critical:true}", ";{critical:false}") + ":flag/" + key + anyOf(o.r, "", "", ";t")
	case "metric":
		return proj + ":metric/" + key + anyOf(o.r, "", ";t")
	}
	return proj
}

func (o *org) statement() role.Statement {
	s := role.Statement{Effect: anyOf(o.r, role.Allow, role.Allow, role.Deny)}
	kind := anyOf(o.r, "flag", "flag", "metric", "proj")
	for range 1 + o.r.IntN(2) {
		s.Resources = append(s.Resources, o.specifier(kind))
		s.Actions = append(s.Actions, anyOf(o.r, orgActions...))
	}
	// What is not in a list of projects is anything else, roles and members among it.
	if o.r.IntN(6) == 0 && (s.Effect == role.Deny || o.wild) {
		s.Resources, s.NotResources = nil, s.Resources
	}
	if o.r.IntN(8) == 0 {
		s.Actions, s.NotActions = nil, s.Actions
	}
	return s
}

func (o *org) role(key string) role.Role {
	d := role.Role{
		Key: key, Name: "Role " + key, Description: anyOf(o.r, "", "what it is: \"for\""), Policy: []role.Statement{},
		BasePermissions: anyOf(o.r, role.NoAccess, role.NoAccess, role.Reader),
	}
	if o.r.IntN(2) == 0 {
		d.Policy = append(d.Policy, role.Statement{
			Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/" + anyOf(o.r, "*", "a", ofAttribute)},
		})
	}
	for range 1 + o.r.IntN(2) {
		d.Policy = append(d.Policy, o.statement())
	}
	return d
}

func (o *org) attributes() role.Attributes {
	return anyOf(o.r, role.Attributes{}, role.Attributes{"p": {"a"}}, role.Attributes{"p": {"b"}}, role.Attributes{"p": {"b", "a"}, "q": {"a"}})
}

// orgBehaviour are switches of the emulator that change what a client sees and not what is so.
func orgBehaviour(r *rand.Rand) emulator.Behaviour {
	return emulator.Behaviour{
		ItemOrder: anyOf(r, "creation", "key", "shuffled"), MemberRoleForm: anyOf(r, "ids", "ids", "keys"),
		MemberRoles: anyOf(r, "always", "expanded"), AttributeOrder: anyOf(r, "shuffled", "sent", "sorted"),
		OmitVersions: r.IntN(2) == 0, OmitBasePermissions: r.IntN(3) == 0, OmitDescription: r.IntN(3) == 0,
		Normalise: r.IntN(4) == 0, DeletedRole: anyOf(r, "keep", "drop"), OmitTotalCount: r.IntN(8) == 0,
	}
}

// account makes the account.
func (o *org) account(t testing.TB) *emulator.Emulator {
	t.Helper()
	behaviour := orgBehaviour(o.r)
	o.behaviour = behaviour
	emu, err := emulator.New(emulator.Options{
		Rand: bytes.NewReader(fmt.Appendf(nil, "%016d", o.seed)), Now: func() time.Time { return now }, Behaviour: behaviour,
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{}
	for i := range 2 + o.r.IntN(5) {
		keys = append(keys, fmt.Sprintf("r%d", i))
		made := as[emulator.Role](o.role(keys[i]))
		if o.r.IntN(8) == 0 {
			made.PresetVersion, made.PresetStatements = 1, []emulator.Statement{as[emulator.Statement](o.statement())}
		}
		o.must(t, emu.Add(made))
	}
	for i := range 2 + o.r.IntN(4) {
		o.must(t, emu.AddMember(emulator.Member{
			Email: fmt.Sprintf("%s%d@example.com", anyOf(o.r, "m", "M"), i), Role: anyOf(o.r, role.Reader, role.NoAccess, "writer"),
			CustomRoles: o.held(keys, behaviour.MemberRoleForm == "ids"), RoleAttributes: o.attributes(), Pending: o.r.IntN(6) == 0, Synced: o.r.IntN(6) == 0,
		}))
	}
	for i, base := range []string{"owner", "admin", "admin"} {
		o.must(t, emu.AddMember(emulator.Member{Email: fmt.Sprintf("boss%d@other.example.org", i), Role: base}))
	}
	for i := range 1 + o.r.IntN(3) {
		in := []string{}
		for _, m := range emu.Members() {
			if o.r.IntN(3) == 0 {
				in = append(in, m.ID)
			}
		}
		o.must(t, emu.AddTeam(emulator.Team{
			Key: fmt.Sprintf("t%d", i), Name: fmt.Sprintf("Team %d", i), CustomRoles: some(o.r, keys, 2), Members: in,
			RoleAttributes: o.attributes(), Synced: o.r.IntN(6) == 0,
		}))
	}
	return emu
}

// held draws the roles of a member; now and then one that the account does not list, where it can say
// so: such a role has no key.
func (o *org) held(keys []string, byID bool) []string {
	held := some(o.r, keys, 2)
	if byID && o.r.IntN(12) == 0 {
		held = append(held, fmt.Sprintf("%024x", 0xabc+o.r.IntN(2)))
	}
	return held
}

func (o *org) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("organisation %d: %v", o.seed, err)
	}
}

// drawFiles writes the workspace.
func (o *org) drawFiles() {
	var given []string // roles that files may give
	var documents []string
	for _, l := range o.emu.Roles() {
		document, keys := o.roleFile(l)
		documents, given = append(documents, document...), append(given, keys...)
	}
	for i := range 2 {
		if o.calm || i == 1 && o.r.IntN(2) == 0 {
			break
		}
		d := o.role(fmt.Sprintf("n%d", i))
		o.roles[d.Key] = &d
		documents, given = append(documents, roleDocument(d)), append(given, d.Key)
	}
	if o.managesTeams {
		documents = append(documents, o.teamFiles(given)...)
	}
	if o.managesMembers {
		documents = append(documents, o.memberFiles(given)...)
	}
	for i, document := range documents {
		name := fmt.Sprintf("f%d.yaml", i/3) // several to a file
		if o.files[name] != "" {
			document = "---\n" + document
		}
		o.files[name] += document
	}
	o.files[manifest.ConfigFile] = o.config()
}

func (o *org) config() string {
	scope := func(on bool, glob string) map[string]any {
		if !on {
			return map[string]any{"include": []string{}}
		}
		return map[string]any{"include": []string{glob}}
	}
	roles, deletes := map[string]any{"include": []string{"*"}, "prune": o.r.IntN(4) == 0}, 1000
	if o.wild {
		deletes = 0
	}
	return document("version", 1,
		"manage", map[string]any{"roles": roles, "teams": scope(o.managesTeams, "*"), "members": scope(o.managesMembers, "*@EXAMPLE.com")},
		"guards", map[string]any{"maxDeletes": deletes, "maxDeletePercent": 100})
}

// document writes names and values, in JSON, which is YAML.
func document(fields ...any) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		fmt.Fprintf(&b, "%s: %s\n", fields[i], jsonOf(fields[i+1]))
	}
	return b.String()
}

func roleDocument(d role.Role, more ...any) string {
	fields := []any{"kind", "Role", "key", d.Key, "name", d.Name, "basePermissions", d.BasePermissions, "policy", d.Policy}
	if d.Description != "" {
		fields = append(fields, "description", d.Description)
	}
	return document(append(fields, more...)...)
}

// roleFile draws what files say of a role of the account, and returns the keys that may be given.
func (o *org) roleFile(l emulator.Role) (documents, given []string) {
	if l.PresetVersion > 0 {
		return nil, []string{l.Key}
	}
	d, what := as[role.Role](l), o.r.IntN(8)
	if o.calm {
		what = 7
	}
	switch what {
	case 0:
		o.gone[l.Key], o.roles[l.Key] = true, nil
		return []string{document("kind", "Role", "key", l.Key, "state", "absent")}, nil
	case 1:
		d.Key, d.Name = l.Key+"-new", l.Name+" anew"
		o.gone[l.Key], o.roles[l.Key], o.roles[d.Key] = true, nil, &d
		return []string{roleDocument(d, "previously", []string{l.Key})}, []string{d.Key}
	case 2, 3: // not declared
		return nil, []string{l.Key}
	case 4, 5:
		d = o.role(l.Key)
	}
	o.roles[d.Key] = &d
	return []string{roleDocument(d)}, []string{d.Key}
}

// holder draws what a file says of a team or a member beside its name. The fields are values to
// choose from.
func (o *org) holder(given []string, fields map[string][]string) (w wantedHolder, says []any) {
	w.fields = map[string]string{}
	if o.calm {
		return w, says
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if o.r.IntN(3) == 0 {
			w.fields[name] = anyOf(o.r, fields[name]...)
			says = append(says, name, w.fields[name])
		}
	}
	if o.r.IntN(4) > 0 {
		w.roles = some(o.r, given, 3)
		says = append(says, "customRoles", o.assignments(&w.roles))
	}
	if o.r.IntN(3) == 0 || len(says) == 0 {
		w.attributes = o.attributes()
		says = append(says, "roleAttributes", w.attributes)
	}
	return w, says
}

// assignments writes roles with and without a last day, and takes those out whose day has passed.
func (o *org) assignments(roles *[]string) []any {
	list := []any{}
	kept := []string{}
	for _, key := range *roles {
		days := anyOf(o.r, "", "", "2020-01-31", "2099-12-31")
		if days == "" {
			list = append(list, key)
		} else {
			list = append(list, map[string]string{"role": key, "expires": days})
		}
		if days != "2020-01-31" {
			kept = append(kept, key)
		}
	}
	*roles = kept
	return list
}

func (o *org) teamFiles(given []string) (documents []string) {
	fields := map[string][]string{"name": {"Other", "Else"}, "description": {"", "about"}}
	for _, l := range o.emu.Teams() {
		if w, says := o.holder(given, fields); len(says) > 0 && o.r.IntN(3) > 0 {
			o.teams[l.Key] = w
			documents = append(documents, document(append([]any{"kind", "Team", "key", l.Key}, says...)...))
		}
	}
	if w, says := o.holder(given, nil); len(says) > 0 && o.r.IntN(3) == 0 {
		w.fields = map[string]string{"name": "Made"}
		o.teams["made"] = w
		documents = append(documents, document(append([]any{"kind", "Team", "key", "made", "name", "Made", "create", true}, says...)...))
	}
	return documents
}

func (o *org) memberFiles(given []string) (documents []string) {
	bases := []string{role.Reader, role.NoAccess, "writer"}
	if o.wild {
		bases = append(bases, "admin")
	}
	for _, l := range o.emu.Members() {
		w, says := o.holder(given, map[string][]string{"role": bases})
		if len(says) > 0 && strings.HasSuffix(l.Email, "@example.com") && o.r.IntN(3) > 0 {
			o.members[l.Email] = w
			documents = append(documents, document(append([]any{"kind", "Member", "email", l.Email}, says...)...))
		}
	}
	return documents
}

// workspace loads the files.
func (o *org) workspace(t testing.TB) *manifest.Workspace {
	t.Helper()
	src := inMemory{fstest.MapFS{}}
	for name, text := range o.files {
		src.MapFS[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	ws, findings, err := manifest.LoadFrom(src, manifest.Options{Today: now})
	if err != nil || diag.HasErrors(findings) {
		t.Fatalf("organisation %d: %v, %v\n%v", o.seed, err, findings, o.files)
	}
	if !o.wild {
		ws.Config.Lint.Disable = lint.Meaning() // random policies are full of what lint refuses
	}
	return ws
}

// inMemory is a folder in memory.
type inMemory struct{ fstest.MapFS }

func (m inMemory) Lstat(name string) (fs.FileInfo, error) { return m.Stat(name) }
