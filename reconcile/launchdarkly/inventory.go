package launchdarkly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Projects are listed with their environments in them (`expand`), of which LaunchDarkly shows the first
// ones; a project with more has a list of its own, read after. Flags are one list for each project and
// one more for its archived flags, and read only for the projects that are asked for: those that are
// named at the same time as the projects, those that a glob matches after. So an inventory costs one
// round trip, two where globs stand for projects, and more where a list has more than a page.

const (
	projectsPath = "/api/v2/projects"
	flagsPath    = "/api/v2/flags"
	// maxStock is the page that is asked for of projects, environments and flags: these are large.
	maxStock = 100
)

// DefaultMaxFlags is how many flags of a project are read where [InventoryWant] does not say.
const DefaultMaxFlags = 10_000

// InventoryWant says what an inventory is to hold beside all projects with their environments.
type InventoryWant struct {
	// Flags are keys of projects whose flags are read, or globs ("*" for any characters); a key that
	// the account does not have counts for nothing.
	Flags []string
	// MaxFlags is the largest number of flags that is read of one project, archived ones apart: of a
	// project with more only the first page is, with FlagsLeft. 0 means DefaultMaxFlags.
	MaxFlags int
}

// Inventory returns the projects of the account that the token may view, with their environments and
// with the flags that are wanted, or an error. It wraps [role.ErrChanging] if the account did not hold
// still over several walks. Flags that the token may not read are left out, with FlagsLeft.
func (c *Client) Inventory(ctx context.Context, want InventoryWant) (role.Inventory, error) {
	named, globs, err := want.split()
	if err != nil {
		return role.Inventory{}, fmt.Errorf("list flags: %w", err)
	}
	s := &stock{Client: c, most: orElse(max(0, want.MaxFlags), DefaultMaxFlags)}
	if err := s.read(ctx, named); err != nil {
		return role.Inventory{}, err
	}
	var late []string
	for _, p := range s.projects {
		matches := func(glob string) bool { return role.Glob(glob, p.Key) }
		if !slices.Contains(named, p.Key) && slices.ContainsFunc(globs, matches) {
			late = append(late, p.Key)
		}
	}
	if err := s.readFlags(ctx, late); err != nil {
		return role.Inventory{}, err
	}
	inv := s.inventory()
	if err := inv.Check(); err != nil {
		return role.Inventory{}, c.misread(ctx, http.MethodGet, projectsPath, err)
	}
	return inv, nil
}

// split tells keys from globs. What cannot be a key is not put into a URL.
func (w InventoryWant) split() (named, globs []string, err error) {
	for _, name := range w.Flags {
		switch {
		case strings.Contains(name, "*"):
			globs = append(globs, name)
		case !isProjectKey(name):
			return nil, nil, refused("%s is not the key of a project", quote(name))
		default:
			named = append(named, name)
		}
	}
	return sortedSet(named), globs, nil
}

var projectKey = pattern.Lazy(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// isProjectKey reports whether a text may stand in a URL.
func isProjectKey(text string) bool {
	return len(text) <= role.MaxKey && projectKey().MatchString(text)
}

// stock is an inventory while it is read.
type stock struct {
	*Client
	most     int
	projects []role.Project
	flags    map[string]flagsRead // by project
}

// flagsRead are the flags of a project, as far as they could be read.
type flagsRead struct {
	flags             []role.Flag
	left, viewsUnsaid bool
}

// read reads all projects and, at the same time, the flags of some.
func (s *stock) read(ctx context.Context, named []string) error {
	questions := []func(context.Context) error{
		func(ctx context.Context) (err error) { s.projects, err = s.list(ctx); return err },
		func(ctx context.Context) error { return s.readFlags(ctx, named) },
	}
	return s.each(ctx, len(questions), func(ctx context.Context, i int) error { return questions[i](ctx) })
}

// list returns every project with all of its environments.
func (s *stock) list(ctx context.Context) ([]role.Project, error) {
	key := func(p projectRead) string { return p.Key }
	list := listing[projectRead]{
		Client: s.Client, path: projectsPath, query: url.Values{"expand": {"environments"}}, noun: "project", size: &s.projectSize,
		read: readProject, id: key, name: key, digest: func(p projectRead) string { return digestOf(p.Project) },
	}
	projects, err := whole(ctx, list, s.complete)
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	return projects, nil
}

// complete returns the project with the environments that the list left out.
func (s *stock) complete(ctx context.Context, p projectRead) (_ role.Project, err error) {
	if !p.said || p.cut {
		p.Environments, err = s.environments(ctx, p.Key)
	}
	return p.Project, err
}

// environments reads a project's own list of environments.
func (s *stock) environments(ctx context.Context, project string) ([]role.Environment, error) {
	path := projectsPath + "/" + project + "/environments"
	key := func(e role.Environment) string { return e.Key }
	list, err := listing[role.Environment]{
		Client: s.Client, path: path, noun: "environment", size: &s.environmentSize,
		read: readEnvironment, id: key, name: key, digest: digestOf[role.Environment],
	}.all(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the environments of project %s: %w", quote(project), err)
	}
	return list, nil
}

// readFlags reads the flags of the projects, those that are archived and those that are not.
func (s *stock) readFlags(ctx context.Context, projects []string) error {
	states := []url.Values{nil, {"filter": {"state:archived"}}}
	parts := make([]flagsRead, len(projects)*len(states))
	err := s.each(ctx, len(parts), func(ctx context.Context, n int) (err error) {
		parts[n], err = s.someFlags(ctx, projects[n/len(states)], states[n%len(states)])
		return err
	})
	if err != nil {
		return err
	}
	if s.flags == nil {
		s.flags = map[string]flagsRead{}
	}
	for i, project := range projects {
		s.flags[project] = united(parts[i*len(states) : (i+1)*len(states)])
	}
	return nil
}

// united puts the lists of one project together. A flag that was archived between the two stands in
// both.
func united(parts []flagsRead) (all flagsRead) {
	at := map[string]int{}
	for _, part := range parts {
		all.left, all.viewsUnsaid = all.left || part.left, all.viewsUnsaid || part.viewsUnsaid
		for _, f := range part.flags {
			if i, twice := at[f.Key]; twice {
				all.flags[i] = f
				continue
			}
			at[f.Key] = len(all.flags)
			all.flags = append(all.flags, f)
		}
	}
	return all
}

// someFlags reads one list of a project's flags. What the token may not see, or the account does not
// have, is left; so are archived flags, where the account does not tell them apart.
func (s *stock) someFlags(ctx context.Context, project string, query url.Values) (flagsRead, error) {
	path := flagsPath + "/" + project
	key := func(f flagRead) string { return f.Key }
	list := listing[flagRead]{
		Client: s.Client, path: path, query: query, noun: "flag", size: &s.flagSize,
		read: readFlag, id: key, name: key, digest: digestOf[flagRead],
	}
	read, err := steady(ctx, s.Client, path, func(ctx context.Context) (flagsRead, error) { return s.walkFlags(ctx, list) })
	switch {
	case errors.Is(err, role.ErrDenied), errors.Is(err, role.ErrNotFound), len(query) > 0 && badRequest(err):
		return flagsRead{left: true}, nil
	case err != nil:
		return flagsRead{}, fmt.Errorf("list the flags of project %s: %w", quote(project), err)
	}
	return read, nil
}

// walkFlags reads all flags, or the first page of too many.
func (s *stock) walkFlags(ctx context.Context, list listing[flagRead]) (read flagsRead, err error) {
	first, size, err := list.firstPage(ctx)
	if err != nil {
		return flagsRead{}, err
	}
	flags := first.items
	if read.left = first.total > s.most; !read.left {
		if flags, err = list.walkOn(ctx, first, size); err != nil {
			return flagsRead{}, err
		}
	}
	for _, f := range flags {
		read.flags = append(read.flags, f.Flag)
		read.viewsUnsaid = read.viewsUnsaid || !f.ViewsSaid
	}
	return read, nil
}

// inventory is what was read.
func (s *stock) inventory() role.Inventory {
	for i := range s.projects {
		p := &s.projects[i]
		read, wanted := s.flags[p.Key]
		p.Flags, p.FlagsLeft, p.ViewsLeft = read.flags, !wanted || read.left, read.viewsUnsaid
	}
	return role.Inventory{Projects: s.projects}.Normal()
}

// digestOf is the JSON of plain data, which is the same for the same data.
func digestOf[T any](v T) string {
	text, _ := json.Marshal(v) // plain data always encodes
	return string(text)
}

// projectRead is a project as the list has it.
type projectRead struct {
	role.Project
	said, cut bool // whether it says its environments, and whether there may be more
}

// flagRead is a flag as its list has it.
type flagRead struct {
	role.Flag
	ViewsSaid bool
}

// Whatever else is said of projects, environments and flags is no matter of roles and may be anything:
// fields that are not known are passed over.

func readProject(v value) (projectRead, error) {
	o := newObject("project", v)
	var p projectRead
	p.Key = o.mustText("key")
	o.what = "project " + quote(p.Key)
	if o.err == nil && !isProjectKey(p.Key) {
		o.err = fmt.Errorf("%s: a key has letters, digits, \"_\", \".\" and \"-\" only, and starts with a letter or digit", o.what)
	}
	o.require("tags")
	p.Tags = o.texts("tags")
	list := o.object("environments")
	_, p.said = list.get("items")
	for _, v := range list.list("items") {
		env, err := readEnvironment(v.value)
		if err != nil && list.err == nil {
			list.err = fmt.Errorf("%s: %w", o.what, err)
		}
		p.Environments = append(p.Environments, env)
	}
	total := list.count("totalCount", -1)
	_, next := list.object("_links").get("next")
	p.cut = next || total < 0 || total > len(p.Environments)
	o.adopt(list)
	return p, o.err
}

func readEnvironment(v value) (role.Environment, error) {
	o := newObject("environment", v)
	e := role.Environment{Key: o.mustText("key")}
	o.what = "environment " + quote(e.Key)
	o.require("tags")
	o.require("critical")
	e.Tags, e.Critical = o.texts("tags"), o.flag("critical")
	return e, o.err
}

func readFlag(v value) (flagRead, error) {
	o := newObject("flag", v)
	var f flagRead
	f.Key = o.mustText("key")
	o.what = "flag " + quote(f.Key)
	o.require("tags")
	o.require("archived")
	f.Tags, f.Archived = o.texts("tags"), o.flag("archived")
	f.Views = o.texts("viewKeys")
	_, f.ViewsSaid = o.get("viewKeys")
	return f, o.err
}
