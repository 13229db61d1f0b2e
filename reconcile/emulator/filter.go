package emulator

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// keeps reports whether a filter lets a record through.
type keeps[T thing[T]] func(v *view, is T) bool

// filters makes filters of their values, by name.
type filters[T thing[T]] map[string]func(value string) (keeps[T], error)

// memberFilters are the filters of the list of members.
var memberFilters = filters[Member]{
	"query": func(value string) (keeps[Member], error) { return matchesMember(value), nil },
	"role":  func(value string) (keeps[Member], error) { return hasRole(value), nil },
	"team":  func(value string) (keeps[Member], error) { return inTeam(value), nil },
	"id": func(value string) (keeps[Member], error) {
		return isOneOf(value, func(m Member) string { return m.ID }), nil
	},
	"email": func(value string) (keeps[Member], error) {
		return isOneOf(value, func(m Member) string { return m.Email }), nil
	},
	"noteam":   noTeam,
	"lastSeen": lastSeen,
}

// teamFilters are the filters of the list of teams.
var teamFilters = filters[Team]{
	"query":     func(value string) (keeps[Team], error) { return matchesTeam(value), nil },
	"nomembers": noMembers,
}

// filtered returns the records that all filters of the request let through.
func filtered[T thing[T]](e *Emulator, r *request, v *view, list []*record[T], known filters[T]) ([]*record[T], error) {
	all, err := readFilters(r.URL.Query().Get("filter"), known, e.opts.Behaviour.UnknownFilter == "ignore")
	if err != nil || len(all) == 0 {
		return list, err
	}
	return slices.DeleteFunc(slices.Clone(list), func(rec *record[T]) bool {
		return slices.ContainsFunc(all, func(keep keeps[T]) bool { return !keep(v, rec.is) })
	}), nil
}

// readFilters reads a comma-separated list of name:value.
func readFilters[T thing[T]](text string, known filters[T], lenient bool) ([]keeps[T], error) {
	var all []keeps[T]
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, ":")
		make, found := known[name]
		if !found {
			if lenient || text == "" {
				continue
			}
			return nil, refuse(400, "Unknown filter %q (want name:value with one of the names %s)", part, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		keep, err := make(value)
		if err != nil {
			return nil, err
		}
		all = append(all, keep)
	}
	return all, nil
}

func contains(text, part string) bool { return strings.Contains(lower(text), lower(part)) }

func matchesMember(query string) keeps[Member] {
	return func(_ *view, m Member) bool {
		return contains(m.Email, query) || contains(m.FirstName+" "+m.LastName, query)
	}
}

func matchesTeam(query string) keeps[Team] {
	return func(_ *view, t Team) bool { return contains(t.Name, query) || contains(t.Key, query) }
}

// isOneOf compares a field with values joined by "|".
func isOneOf(values string, field func(Member) string) keeps[Member] {
	set := setOf(strings.Split(lower(values), "|"))
	return func(_ *view, m Member) bool { return set[lower(field(m))] }
}

// hasRole looks for base roles and custom roles, joined by "|". An owner counts as an admin.
func hasRole(values string) keeps[Member] {
	wanted := strings.Split(values, "|")
	return func(v *view, m Member) bool {
		return slices.ContainsFunc(wanted, func(name string) bool {
			if name == m.Role || (name == "admin" && m.Role == "owner") {
				return true
			}
			r, found := v.roles.find(name)
			return found && slices.Contains(m.CustomRoles, r.is.ID)
		})
	}
}

func inTeam(key string) keeps[Member] {
	return func(v *view, m Member) bool {
		return slices.ContainsFunc(v.teamsOf[m.ID], func(t *record[Team]) bool { return strings.EqualFold(t.is.Key, key) })
	}
}

func noTeam(value string) (keeps[Member], error) {
	want, err := strconv.ParseBool(value)
	if err != nil {
		return nil, refuse(400, "noteam must be true or false, not %q", value)
	}
	return func(v *view, m Member) bool { return (len(v.teamsOf[m.ID]) == 0) == want }, nil
}

func noMembers(value string) (keeps[Team], error) {
	want, err := strconv.ParseBool(value)
	if err != nil {
		return nil, refuse(400, "nomembers must be true or false, not %q", value)
	}
	return func(_ *view, t Team) bool { return (len(t.Members) == 0) == want }, nil
}

// lastSeen reads an object with one of the fields never, noData and before. The emulator has data
// of every member that was ever seen.
func lastSeen(value string) (keeps[Member], error) {
	var want struct {
		Never, NoData bool
		Before        int64
	}
	if err := json.Unmarshal([]byte(value), &want); err != nil {
		return nil, refuse(400, "lastSeen must be an object with never, noData or before, not %q", value)
	}
	return func(_ *view, m Member) bool {
		if want.Never || want.NoData {
			return m.LastSeen == 0
		}
		return m.LastSeen < want.Before
	}, nil
}

// memberOrders are what a list of members can be sorted by.
var memberOrders = map[string]func(a, b *record[Member]) int{
	"displayName": func(a, b *record[Member]) int { return cmp.Compare(a.is.displayName(), b.is.displayName()) },
	"lastSeen":    func(a, b *record[Member]) int { return cmp.Compare(a.is.LastSeen, b.is.LastSeen) },
}

func (m Member) displayName() string {
	return lower(cmp.Or(strings.TrimSpace(m.FirstName+" "+m.LastName), m.Email))
}

// sortMembers sorts by a comma-separated list of fields, descending where a dash stands before one.
func sortMembers(list []*record[Member], by string) ([]*record[Member], error) {
	if by == "" {
		return list, nil
	}
	var orders []func(a, b *record[Member]) int
	for field := range strings.SplitSeq(by, ",") {
		name, descending := strings.CutPrefix(field, "-")
		order := memberOrders[name]
		switch {
		case order == nil:
			return nil, refuse(400, "Cannot sort by %q (want displayName or lastSeen)", field)
		case descending:
			orders = append(orders, func(a, b *record[Member]) int { return order(b, a) })
		default:
			orders = append(orders, order)
		}
	}
	return slices.SortedStableFunc(slices.Values(list), func(a, b *record[Member]) int {
		for _, order := range orders {
			if c := order(a, b); c != 0 {
				return c
			}
		}
		return 0
	}), nil
}
