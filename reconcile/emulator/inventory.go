package emulator

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Inventory returns the projects that the account has now, whatever the read lag.
func (e *Emulator) Inventory() (inv role.Inventory) {
	e.store.present(func(v *view) {
		for _, p := range v.projects.order {
			inv.Projects = append(inv.Projects, p.is.Project)
		}
	})
	return inv.Normal()
}

// Seed makes the inventory that of the account, in the place of what it has; the API only reads it.
// It refuses one that is impossible ([role.Inventory.Check]), or whose keys no account would take.
func (e *Emulator) Seed(inv role.Inventory) error {
	if err := inv.Check(); err != nil {
		return fmt.Errorf("seed the inventory: %w", err)
	}
	inv = inv.Normal()
	for _, p := range inv.Projects {
		if err := checkKeys(p); err != nil {
			return fmt.Errorf("seed the inventory: %w", err)
		}
	}
	err := e.store.update(func(tx *change) error {
		tx.seed(inv)
		return nil
	})
	e.opts.Log.Info("inventory", "projects", len(inv.Projects), "error", err)
	return err
}

func checkKeys(p role.Project) error {
	keys := []string{p.Key}
	for _, env := range p.Environments {
		keys = append(keys, env.Key)
	}
	for _, f := range p.Flags {
		keys = append(keys, f.Key)
	}
	if i := slices.IndexFunc(keys, func(key string) bool { return !keyPattern().MatchString(key) }); i >= 0 {
		return fmt.Errorf("key %q in project %q: use letters, digits, '.', '_' and '-' only, and start with a letter or digit", keys[i], p.Key)
	}
	return nil
}

// seed exchanges the projects; one of a key that stays keeps its id.
func (c *change) seed(inv role.Inventory) {
	stay := map[string]bool{}
	for _, p := range inv.Projects {
		stay[p.Key] = true
	}
	for _, old := range slices.Clone(c.projects.order) {
		if !stay[old.is.Key] {
			remove(c, c.projects, old)
		}
	}
	for _, p := range inv.Projects {
		next, old := Project{Project: p}, c.projects.byKey[p.Key]
		if old != nil {
			next.Created = old.is.Created
		}
		put(c, c.projects, old, next)
	}
}

// projectFilters are the filters of the list of projects.
var projectFilters = filters[Project]{
	"query": func(value string) (keeps[Project], error) {
		return func(_ *view, p Project) bool { return contains(p.Key, value) }, nil
	},
	"tags": func(value string) (keeps[Project], error) {
		return func(_ *view, p Project) bool { return hasTags(p.Tags, value) }, nil
	},
	"keys": func(value string) (keeps[Project], error) {
		set := setOf(strings.Split(lower(value), "|"))
		return func(_ *view, p Project) bool { return set[lower(p.Key)] }, nil
	},
}

// hasTags reports whether all tags of a list joined by "+" are among the tags.
func hasTags(tags []string, wanted string) bool {
	set := setOf(tags)
	return !slices.ContainsFunc(strings.Split(wanted, "+"), func(tag string) bool { return !set[tag] })
}

// listProjects answers GET /api/v2/projects.
func (e *Emulator) listProjects(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		p, err := e.readPage(r, projectsPath, e.opts.Behaviour.MaxLimit)
		if err != nil {
			return nil, err
		}
		list, err := shown(e, v, r, viewProject, arranged(v.projects.order, e.opts.Behaviour), projectNames)
		if err != nil {
			return nil, err
		}
		list, err = filtered(e, r, v, list, projectFilters)
		if err != nil {
			return nil, err
		}
		expand := expanded(r)
		return listPage(e, p, list, func(b *bytes.Buffer, rec *record[Project]) { b.Write(e.projectAnswer(rec.is, expand)) }), nil
	})
}

// getProject answers GET /api/v2/projects/{key}.
func (e *Emulator) getProject(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, err := e.project(v, r)
		if err != nil {
			return nil, err
		}
		return e.projectAnswer(rec.is, expanded(r)), nil
	})
}

// project returns the project that the path names, for a token that may view it.
func (e *Emulator) project(v *view, r *request) (*record[Project], error) {
	rec, found := v.projects.byKey[r.id]
	if !found {
		return nil, errNotFound
	}
	return rec, e.mayRead(v, r, viewProject, projectNames(rec.is)...)
}

// projectAnswer is a project with what it is asked to expand: the first of its environments.
func (e *Emulator) projectAnswer(p Project, expand expansion) []byte {
	w := p.wire()
	if expand["environments"] {
		path := projectHref(p.Key) + "/environments"
		first := page{limit: e.opts.Behaviour.ExpandedEnvironments, path: path}
		list := &environmentList{Links: first.links(len(p.Environments)), Items: []wireEnvironment{}}
		for _, env := range cut(first, p.Environments) {
			list.Items = append(list.Items, e.wireEnvironment(p, env))
		}
		if !e.opts.Behaviour.OmitTotalCount {
			list.Total = new(len(p.Environments))
		}
		w.Environments = list
	}
	return asJSON(w)
}

// listEnvironments answers GET /api/v2/projects/{key}/environments.
func (e *Emulator) listEnvironments(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, err := e.project(v, r)
		if err != nil {
			return nil, err
		}
		p, err := e.readPage(r, projectHref(r.id)+"/environments", e.opts.Behaviour.MaxLimit)
		if err != nil {
			return nil, err
		}
		if _, err := readFilters(r.URL.Query().Get("filter"), filters[Project]{}, e.opts.Behaviour.UnknownFilter == "ignore"); err != nil {
			return nil, err
		}
		return listPage(e, p, rec.is.Environments, func(b *bytes.Buffer, env role.Environment) {
			b.Write(asJSON(e.wireEnvironment(rec.is, env)))
		}), nil
	})
}

// listFlags answers GET /api/v2/flags/{key}, the key of a project. The parameter summary says how much
// is told of targeting, which the emulator's flags do not have.
func (e *Emulator) listFlags(r *request) (reply, error) {
	return e.read(func(v *view) ([]byte, error) {
		rec, err := e.project(v, r)
		if err != nil {
			return nil, err
		}
		if rec.is.FlagsLeft {
			return nil, e.denied()
		}
		list, err := e.flagsAsked(r, rec.is.Flags)
		if err != nil {
			return nil, err
		}
		p, err := e.flagPage(r, len(list))
		if err != nil {
			return nil, err
		}
		return listPage(e, p, list, func(b *bytes.Buffer, f role.Flag) { b.Write(asJSON(e.wireFlag(rec.is, f))) }), nil
	})
}

// flagPage is the page that is asked for: all flags where no limit is given, if the switch says so.
func (e *Emulator) flagPage(r *request, n int) (page, error) {
	p, err := e.readPage(r, flagsHref(r.id), e.opts.Behaviour.MaxFlagLimit)
	if r.URL.Query().Get("limit") == "" && e.opts.Behaviour.FlagsUnasked == "all" {
		p.limit = max(n, 1)
	}
	return p, err
}

// flagsAsked returns the flags that the request is for: those that are not archived, unless it asks for
// a state.
func (e *Emulator) flagsAsked(r *request, flags []role.Flag) ([]role.Flag, error) {
	query := r.URL.Query()
	archived, _ := strconv.ParseBool(query.Get("archived"))
	if filter := query.Get("filter"); filter != "" {
		name, state, _ := strings.Cut(filter, ":")
		known := name == "state" && slices.Contains([]string{"live", "deprecated", "archived"}, state)
		if !known && e.opts.Behaviour.UnknownFilter == "refuse" {
			return nil, refuse(http.StatusBadRequest, "Unknown filter %q (the emulator knows state:live, state:deprecated and state:archived)", filter)
		}
		archived = archived || known && state == "archived"
		if known && state == "deprecated" {
			return nil, nil // it has none
		}
	}
	return slices.DeleteFunc(slices.Clone(flags), func(f role.Flag) bool { return f.Archived != archived }), nil
}
