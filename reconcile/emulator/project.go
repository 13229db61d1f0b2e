package emulator

import (
	"cmp"
	"net/url"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Project is a project of the account, with its environments and flags, as the emulator keeps it. Its
// JSON form is that of the emulator's file. A project whose flags were left out (FlagsLeft) does not
// give them to anybody.
type Project struct {
	ID string `json:"id"`
	role.Project
	Created int64 `json:"created"` // epoch milliseconds
}

func (p Project) handles() (key, id string) { return p.Key, p.ID }

func (p Project) next(_ *Project, id string, now time.Time) Project {
	p.ID, p.Created = cmp.Or(p.ID, id), cmp.Or(p.Created, now.UnixMilli())
	return p
}

// encode does nothing beforehand: an inventory is read seldom, and in parts.
func (Project) encode(Behaviour) []byte { return nil }

// attributes are held by who holds a role.
func (Project) attributes() map[string][]string { return nil }

func projectHref(key string) string { return projectsPath + "/" + url.PathEscape(key) }

func flagsHref(project string) string { return flagsPath + "/" + url.PathEscape(project) }

// wireProject is a project on the wire (Project of the specification).
type wireProject struct {
	Links            map[string]link  `json:"_links"`
	ID               string           `json:"_id"`
	Key              string           `json:"key"`
	Name             string           `json:"name"`
	Tags             []string         `json:"tags"`
	IncludeInSnippet bool             `json:"includeInSnippetByDefault"`
	Availability     map[string]bool  `json:"defaultClientSideAvailability"`
	Environments     *environmentList `json:"environments,omitempty"`
}

// environmentList is what stands of a project's environments in it, where it is asked to expand them.
type environmentList struct {
	Links map[string]link   `json:"_links"`
	Items []wireEnvironment `json:"items"`
	Total *int              `json:"totalCount,omitempty"`
}

// wireEnvironment is an environment on the wire (Environment of the specification). Its SDK keys are
// no keys to anything.
type wireEnvironment struct {
	Links              map[string]link `json:"_links"`
	ID                 string          `json:"_id"`
	Key                string          `json:"key"`
	Name               string          `json:"name"`
	APIKey             string          `json:"apiKey"`
	MobileKey          string          `json:"mobileKey"`
	Color              string          `json:"color"`
	DefaultTTL         int             `json:"defaultTtl"`
	SecureMode         bool            `json:"secureMode"`
	DefaultTrackEvents bool            `json:"defaultTrackEvents"`
	RequireComments    bool            `json:"requireComments"`
	ConfirmChanges     bool            `json:"confirmChanges"`
	Tags               []string        `json:"tags"`
	Critical           bool            `json:"critical"`
}

// wireFlag is a flag on the wire (FeatureFlag of the specification). It has no configurations: the
// emulator's flags are on or off for nobody.
type wireFlag struct {
	Links            map[string]link `json:"_links"`
	Key              string          `json:"key"`
	Name             string          `json:"name"`
	Kind             string          `json:"kind"`
	Version          int             `json:"_version"`
	CreationDate     int64           `json:"creationDate"`
	IncludeInSnippet bool            `json:"includeInSnippet"`
	Variations       []variation     `json:"variations"`
	Temporary        bool            `json:"temporary"`
	Tags             []string        `json:"tags"`
	Archived         bool            `json:"archived"`
	Environments     map[string]any  `json:"environments"`
	Experiments      map[string]any  `json:"experiments"`
	CustomProperties map[string]any  `json:"customProperties"`
	// ViewKeys is a guess, see the switch flagViews; nil leaves it out.
	ViewKeys *[]string `json:"viewKeys,omitempty"`
}

type variation struct {
	Value bool `json:"value"`
}

// wire returns the project as the API answers it, without its environments.
func (p Project) wire() wireProject {
	self := projectHref(p.Key)
	return wireProject{
		Links: map[string]link{
			"self": linkTo(self), "environments": linkTo(self + "/environments"), "flags": linkTo(flagsHref(p.Key)),
		},
		ID: p.ID, Key: p.Key, Name: p.Key, Tags: listed(p.Tags),
		Availability: map[string]bool{"usingMobileKey": false, "usingEnvironmentId": false},
	}
}

func (e *Emulator) wireEnvironment(p Project, env role.Environment) wireEnvironment {
	id := e.store.id("environment "+p.ID+" "+env.Key, 0)
	return wireEnvironment{
		Links: map[string]link{"self": linkTo(projectHref(p.Key) + "/environments/" + url.PathEscape(env.Key))},
		ID:    id, Key: env.Key, Name: env.Key, APIKey: "none", MobileKey: "none", Color: "ffffff",
		Tags: listed(env.Tags), Critical: env.Critical,
	}
}

func (e *Emulator) wireFlag(p Project, f role.Flag) wireFlag {
	w := wireFlag{
		Links: map[string]link{"self": linkTo(flagsHref(p.Key) + "/" + url.PathEscape(f.Key)), "parent": linkTo(flagsHref(p.Key))},
		Key:   f.Key, Name: f.Key, Kind: "boolean", Version: 1, CreationDate: p.Created,
		Variations: []variation{{true}, {false}}, Tags: listed(f.Tags), Archived: f.Archived,
		Environments: map[string]any{}, CustomProperties: map[string]any{},
		Experiments: map[string]any{"baselineIdx": 0, "items": []any{}},
	}
	if e.opts.Behaviour.FlagViews == "always" {
		w.ViewKeys = new(listed(f.Views))
	}
	return w
}

// listed returns the list, never nil.
func listed(list []string) []string { return append([]string{}, list...) }
