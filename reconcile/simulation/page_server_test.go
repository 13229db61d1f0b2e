package simulation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// pageServer is the list of an account, by pages, in an order that anything may change between two
// requests. Items are numbers, so that thousands of lists cost little.
type pageServer struct {
	kind    pageKind
	largest int // page
	noTotal bool
	changes []int // the kinds of changes that happen, as in change
	random  *rand.Rand
	when    map[int]int // how often something changes before the request of that number, from 1

	mu       sync.Mutex
	items    []int
	made     int // items so far, those that are gone included
	gone     map[int]bool
	requests int
	end      int // of what was read last
	texts    map[int][]byte
}

// pageKind is a kind of things that an account lists.
type pageKind struct {
	path string
	name func(i int) string // by which a reader knows the item
	text func(i int) string
	// once is set for what is walked once. That misses nothing while things come and go, nor while their
	// order becomes another one; it may while both happen.
	once bool
}

var (
	pageRoles = pageKind{
		"/api/v2/roles", func(i int) string { return fmt.Sprintf("r%05d", i) },
		func(i int) string {
			return fmt.Sprintf(`{"_id":"%024x","key":"r%05d","name":"R","basePermissions":"reader","policy":[]}`, i+1, i)
		},
		false,
	}
	pageMembers = pageKind{
		"/api/v2/members", func(i int) string { return fmt.Sprintf("m%05d@example.com", i) },
		func(i int) string {
			return fmt.Sprintf(`{"_id":"%024x","email":"m%05d@example.com","role":"reader","customRoles":[],"roleAttributes":{}}`, i+1, i)
		},
		true,
	}
	pageTeams = pageKind{
		"/api/v2/teams", func(i int) string { return fmt.Sprintf("t%05d", i) },
		func(i int) string {
			return fmt.Sprintf(`{"key":"t%05d","name":"T","roleAttributes":{},"roles":{"totalCount":0,"items":[]}}`, i)
		},
		true,
	}
)

// pageDraw draws a list with n items and when it changes.
func pageDraw(kind pageKind, n int, seed uint64) *pageServer {
	r := rand.New(rand.NewPCG(seed, 9))
	s := &pageServer{kind: kind, largest: max(2, n/(5+r.IntN([]int{10, 46}[r.IntN(2)]))), noTotal: r.IntN(8) == 0, random: r, when: map[int]int{}, gone: map[int]bool{}, texts: map[int][]byte{}}
	s.changes = []int{0, 1, 2, 3, 4, 5, 6, 7}
	if comeAndGo := 4; kind.once && r.IntN(2) == 0 {
		s.changes = s.changes[:comeAndGo]
	} else if kind.once {
		s.changes = s.changes[comeAndGo:7]
	}
	for range n {
		s.items = append(s.items, s.make())
	}
	pages := n/s.largest + 1
	for range r.IntN(6) {
		s.when[2+r.IntN(2*pages)]++
	}
	return s
}

func (s *pageServer) make() int {
	s.made++
	return s.made - 1
}

// RoundTrip implements http.RoundTripper.
func (s *pageServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	for range s.when[s.requests] {
		s.change()
	}
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		return nil, err
	}
	offset, err := strconv.Atoi(query.Get("offset"))
	if err != nil {
		return nil, err
	}
	from := min(offset, len(s.items))
	s.end = min(from+min(limit, s.largest), len(s.items))
	body := s.page(from, s.end)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

func (s *pageServer) page(from, to int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"items":[`)
	for i, item := range s.items[from:to] {
		b.WriteString(","[:min(i, 1)])
		b.Write(s.text(item))
	}
	b.WriteString(`]`)
	if !s.noTotal {
		fmt.Fprintf(&b, `,"totalCount":%d`, len(s.items))
	}
	if to < len(s.items) {
		fmt.Fprintf(&b, `,"_links":{"next":{"href":"%s?limit=%d&offset=%d"}}`, s.kind.path, to-from, to)
	}
	b.WriteString(`}`)
	return b.Bytes()
}

func (s *pageServer) text(item int) []byte {
	if s.texts[item] == nil {
		s.texts[item] = []byte(s.kind.text(item))
	}
	return s.texts[item]
}

// at draws a place.
func (s *pageServer) at() int { return s.random.IntN(len(s.items)) }

// change changes something: an item comes or goes, or the order becomes another one.
func (s *pageServer) change() {
	switch s.changes[s.random.IntN(len(s.changes))] {
	case 0:
		s.items = slices.Insert(s.items, s.at(), s.make())
	case 1:
		s.remove(s.at())
	case 2: // one goes in front and one comes behind: the number stays
		s.remove(s.at())
		s.items = append(s.items, s.make())
	case 3: // one goes and another takes its place
		s.replace(s.at())
	case 4: // one moves
		from := s.at()
		item := s.items[from]
		s.items = slices.Insert(slices.Delete(s.items, from, from+1), s.random.IntN(len(s.items)), item)
	case 5: // two change places
		a, b := s.at(), s.at()
		s.items[a], s.items[b] = s.items[b], s.items[a]
	case 6: // a part is turned round
		a, b := s.at(), s.at()
		slices.Reverse(s.items[min(a, b):max(a, b)])
	default:
		s.hide()
	}
}

func (s *pageServer) remove(at int) {
	if len(s.items) > 2 {
		s.gone[s.items[at]] = true
		s.items = slices.Delete(s.items, at, at+1)
	}
}

func (s *pageServer) replace(at int) {
	s.gone[s.items[at]] = true
	s.items[at] = s.make()
}

// hide is the worst that can happen to who reads once: one that was not read yet changes places with one
// that was, which then goes while a new one comes. Number and neighbours are as they were.
func (s *pageServer) hide() {
	if s.end < 1 || s.end >= len(s.items) {
		return
	}
	read, unread := s.random.IntN(s.end), s.end+s.random.IntN(len(s.items)-s.end)
	s.items[read], s.items[unread] = s.items[unread], s.items[read]
	s.replace(unread)
}

// lost returns what was in the list from start to end and is not among the names; doubled what is twice.
func (s *pageServer) lost(start int, names []string) (lost, doubled []string) {
	seen := map[string]int{}
	for _, name := range names {
		if seen[name]++; seen[name] == 2 {
			doubled = append(doubled, name)
		}
	}
	for i := range start {
		if name := s.kind.name(i); !s.gone[i] && seen[name] == 0 {
			lost = append(lost, name)
		}
	}
	return lost, doubled
}

// pageNaive reads as one would: page after page, as long as there are items.
func pageNaive(s *pageServer) (names []string, err error) {
	for offset := 0; ; {
		r, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://localhost%s?limit=1000&offset=%d", s.kind.path, offset), nil)
		if err != nil {
			return nil, err
		}
		reply, err := s.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		var p struct {
			Items []struct{ Key, Email string } `json:"items"`
		}
		if err := json.NewDecoder(reply.Body).Decode(&p); err != nil {
			return nil, err
		}
		for _, item := range p.Items {
			names = append(names, item.Key+item.Email)
		}
		if len(p.Items) == 0 {
			return names, nil
		}
		offset += len(p.Items)
	}
}
