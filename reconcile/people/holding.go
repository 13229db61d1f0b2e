package people

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A table gives every different policy that somebody holds a number. A policy is what a role says
// of access, with the attributes that it uses: names and descriptions make no difference, and
// neither does the place that it is held through. The order of statements does, for statements are
// named by their index; senses are the same for policies that differ in nothing else.
type table struct {
	base    map[string]role.Role
	held    []policy.Held // by number
	senses  []int         // by number
	sensed  map[string]int
	numbers map[saying]int
	written map[saying]int // the same with values as they are written
	steps   map[step]int
	stepsOf map[string][]int // the numbers of the steps of a role
	texts   map[string]int   // numbers of what roles say
	// roles are those that were read: most are the same in every state of an account.
	roles map[written]readRole
}

// written tells roles apart by where their statements are, which nobody changes.
type written struct {
	key, base      string
	preset, policy *role.Statement
	nPreset, n     int
}

func writtenOf(l role.Live) written {
	return written{l.Key, l.BasePermissions, first(l.PresetStatements), first(l.Policy), len(l.PresetStatements), len(l.Policy)}
}

func first(list []role.Statement) *role.Statement {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// saying is a policy, and the values of the attributes that it uses, as texts.
type saying struct {
	policy int // the number of its text
	values string
}

func newTable(o Options, accounts ...Account) *table {
	t := emptyTable()
	t.base = BaseRoles(kindsIn(accounts...)...)
	maps.Copy(t.base, o.Base)
	return t
}

func emptyTable() *table {
	return &table{
		numbers: map[saying]int{}, written: map[saying]int{}, sensed: map[string]int{}, texts: map[string]int{},
		roles: map[written]readRole{}, steps: map[step]int{}, stepsOf: map[string][]int{},
	}
}

// number returns the number of a role held with these attributes.
func (t *table) number(r readRole, attributes role.Attributes) int {
	written := saying{r.text, textOfOnly(attributes, r.attributes)}
	if n, found := t.written[written]; found {
		return n
	}
	attributes = only(attributes, r.attributes)
	values := textOf(attributes)
	n, found := t.numbers[saying{r.text, values}]
	t.written[written] = n
	if !found {
		n = len(t.held)
		t.numbers[saying{r.text, values}], t.written[written] = n, n
		t.senses = append(t.senses, t.senseOf(r.digest+values))
		t.held = append(t.held, policy.Held{Role: r.Role, Attributes: attributes})
	}
	return n
}

// senseOf returns the number of what a policy means.
func (t *table) senseOf(meaning string) int {
	n, known := t.sensed[meaning]
	if !known {
		n = len(t.sensed)
		t.sensed[meaning] = n
	}
	return n
}

// A readRole is a role and what its text amounts to.
type readRole struct {
	role.Role
	text       int      // the number of what it says of access
	digest     string   // of that, without regard to order
	attributes []string // that it uses
}

func (t *table) readOne(r role.Role) readRole {
	said := role.Role{BasePermissions: r.BasePermissions, Policy: r.Policy}
	text := encode(said)
	n, found := t.texts[text]
	if !found {
		n = len(t.texts)
		t.texts[text] = n
	}
	return readRole{r, n, said.Digest(), access.AttributesOf(r)}
}

func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic("people: a role is plain data and always encodes: " + err.Error())
	}
	return string(data)
}

// An entry is what a path means: the number of a policy, or something unknown.
type entry struct {
	number  int
	unknown string // in words, "" if it is known
	// mark tells unknown things apart that read the same.
	mark string
}

// A step is a role in a place: all that the meaning of a path depends on beside what the roles say.
type step struct {
	role       string
	base       bool
	team       string // of a team that nobody knows
	attributes string
}

// stepOf reads a path. Attributes is the text of its attributes.
func stepOf(p Path, attributes string) step {
	s := step{role: p.Role, base: p.Base, attributes: attributes}
	if p.Role == "" {
		s.team = p.Team
	}
	return s
}

// A route is the paths by which somebody holds roles, and the numbers of their steps. It stays the same
// while roles change.
type route struct {
	paths []Path
	steps []int
}

// routeOf reads where paths lead.
func (t *table) routeOf(paths []Path) route {
	r := route{paths, make([]int, len(paths))}
	text := ""
	for i, p := range paths {
		if i == 0 || !sameMap(p.Attributes, paths[i-1].Attributes) {
			text = textOf(p.Attributes)
		}
		s := stepOf(p, text)
		n, known := t.steps[s]
		if !known {
			n = len(t.steps)
			t.steps[s] = n
			t.stepsOf[s.role] = append(t.stepsOf[s.role], n)
		}
		r.steps[i] = n
	}
	return r
}

// sameMap reports whether two maps are one. A member's own roles have theirs in common.
func sameMap(a, b role.Attributes) bool {
	return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}

// entry returns what a path means in the account, whose step has that number.
func (d *directory) entry(p Path, number int) entry {
	if number >= len(d.entries) {
		d.entries = append(d.entries, make([]*entry, number+number/2+1-len(d.entries))...)
	}
	if d.entries[number] == nil {
		d.entries[number] = new(d.read(p))
	}
	return *d.entries[number]
}

// textOf is the same for the same attributes, and for no others.
func textOf(attributes role.Attributes) string {
	if len(attributes) == 0 {
		return ""
	}
	return textOfOnly(attributes, slices.Sorted(maps.Keys(attributes)))
}

// textOfOnly is textOf for the attributes of these names.
func textOfOnly(attributes role.Attributes, names []string) string {
	var b []byte
	for _, name := range names {
		b = strconv.AppendQuote(b, name)
		for _, value := range attributes[name] {
			b = strconv.AppendQuote(append(b, '='), value)
		}
	}
	return string(b)
}

func (d *directory) read(p Path) entry {
	find := d.named
	if p.Base {
		find = d.based
	}
	if r, known := find(p.Role); known {
		return entry{number: d.table.number(r, p.Attributes)}
	}
	what := inWords(p)
	return entry{unknown: what, mark: what + encode(p.Attributes.Normal())}
}

// inWords says what a path leads to.
func inWords(p Path) string {
	switch {
	case p.Base:
		return fmt.Sprintf("base role %q", p.Role)
	case p.Role == "":
		return fmt.Sprintf("team %q", p.Team)
	}
	return fmt.Sprintf("role %q", p.Role)
}

// named returns the role of the account with that key.
func (d *directory) named(key string) (readRole, bool) {
	l, found := d.roles[key]
	if _, done := d.ofKey[key]; found && !done {
		d.ofKey[key] = d.table.role(l)
	}
	return d.ofKey[key], found
}

// role reads a role of some state of the account, once for all states in which it is the same.
func (t *table) role(l role.Live) readRole {
	at := writtenOf(l)
	r, done := t.roles[at]
	if !done {
		r = t.readOne(effective(l))
		t.roles[at] = r
	}
	return r
}

// based returns the base role of that name.
func (d *directory) based(name string) (readRole, bool) {
	r, found := d.table.base[name]
	if _, done := d.ofBase[name]; found && !done {
		d.ofBase[name] = d.table.readOne(r)
	}
	return d.ofBase[name], found
}

// A holding is what somebody holds, in a form that is equal for equal access.
type holding struct {
	numbers []int // of policies, ascending, each once
	// unknown are things held of which nobody knows what they grant, in words; marks tells them
	// apart.
	unknown, marks []string
	paths          []Path
	numberOf       []int // by path, -1 for what is unknown
	// named is the name, where it was asked for before.
	named string
}

// by returns the paths by which a policy is held.
func (h holding) by(number int) (list []Path) {
	for i, n := range h.numberOf {
		if n == number {
			list = append(list, h.paths[i])
		}
	}
	return list
}

// holding reads the paths of somebody.
func (d *directory) holding(paths []Path) holding { return d.along(d.table.routeOf(paths)) }

// along is holding for paths of which it is known where they lead.
func (d *directory) along(r route) holding {
	h := holding{paths: r.paths, numbers: make([]int, 0, len(r.paths)), numberOf: make([]int, len(r.paths))}
	for i, p := range r.paths {
		e := d.entry(p, r.steps[i])
		if e.unknown != "" {
			h.numberOf[i] = -1
			h.unknown, h.marks = append(h.unknown, e.unknown), append(h.marks, e.mark)
			continue
		}
		h.numbers = append(h.numbers, e.number)
		h.numberOf[i] = e.number
	}
	for _, list := range []*[]string{&h.unknown, &h.marks} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.Sort(h.numbers)
	h.numbers = slices.Compact(h.numbers)
	return h
}

// name is the same for holdings that are compared in the same way.
func (h holding) name() string {
	if h.named != "" {
		return h.named
	}
	return namesOf(h.numbers) + strings.Join(h.marks, "\x00")
}

// same reports whether two holdings give the same access: they say the same.
func (t *table) same(a, b holding) bool {
	return slices.Equal(a.marks, b.marks) && (slices.Equal(a.numbers, b.numbers) || slices.Equal(t.sense(a), t.sense(b)))
}

func (t *table) sense(h holding) []int {
	list := make([]int, len(h.numbers))
	for i, n := range h.numbers {
		list[i] = t.senses[n]
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// subject returns the policies of these numbers.
func (t *table) subject(numbers []int) access.Subject {
	held := make([]policy.Held, len(numbers))
	for i, n := range numbers {
		held[i] = t.held[n]
	}
	return access.Subject{Held: held}
}

// pathsOf returns, for each number, the first path by which it is held.
func (h holding) pathsOf(numbers []int) []Path {
	list := make([]Path, len(numbers))
	for i, n := range numbers {
		list[i] = h.paths[slices.Index(h.numberOf, n)]
	}
	return list
}

// namesOf is the same for the same numbers.
func namesOf(numbers []int) string {
	b := make([]byte, 0, 6*len(numbers))
	for _, n := range numbers {
		b = append(strconv.AppendInt(b, int64(n), 10), ' ')
	}
	return string(b)
}
