package democity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/policy/tokenize"
)

const (
	storeFile = "lianji.db"
	// TokensFile holds a line "login token" for each principal, for the owner alone.
	TokensFile = "tokens.txt"
	// tokenLife is how long the city's tokens hold.
	tokenLife = 365 * 24 * time.Hour
)

// Token is the token of one of the city's principals.
type Token struct {
	Login, Agency, Name string
	Role                string // in Chinese
	Text                string
}

// roleNames are the regulation's words.
var roleNames = map[catalog.Role]string{
	catalog.Analyst: "数据使用员", catalog.Application: "应用", catalog.Cataloguer: "编目员", catalog.Reviewer: "审核员", catalog.Leader: "主管领导",
	catalog.Bureau: "大数据管理局", catalog.SystemAdmin: "系统管理员", catalog.SecurityAdmin: "安全管理员", catalog.Auditor: "审计员",
}

// makeStore makes the catalogue's store and the file of tokens under work. The key of
// keyed tokens is made in its place, unless it is there.
func makeStore(ctx context.Context, work, key string) (tokens []Token, err error) {
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(work, storeFile))
	if err != nil {
		return nil, fmt.Errorf("democity: make the store: %w", err)
	}
	defer func() {
		if e := s.Close(); err == nil && e != nil {
			err = fmt.Errorf("democity: close the store: %w", e)
		}
	}()
	s.TokenKeys(tokenize.NewKeys(key, tokenize.SHA256).Newest)
	first, err := s.Init(ctx, bureauCode, bureauName, tokenLife)
	if err != nil {
		return nil, fmt.Errorf("democity: begin the store: %w", err)
	}
	now := time.Now()
	for _, step := range catalogue(now) {
		if err := take(ctx, s, step); err != nil {
			return nil, fmt.Errorf("democity: catalogue, by %s: %w", step.by, err)
		}
	}
	if err := expire(ctx, s, now); err != nil {
		return nil, fmt.Errorf("democity: a grant that ends: %w", err)
	}
	if tokens, err = makeTokens(ctx, s, first); err != nil {
		return nil, fmt.Errorf("democity: make tokens: %w", err)
	}
	return tokens, writeTokens(filepath.Join(work, TokensFile), tokens)
}

// asDemo marks every principal that goes through it.
type asDemo struct{ *store.Tx }

func (w asDemo) Principal(p *catalog.Principal) error {
	p.Demo = true
	return w.Tx.Principal(p)
}

// take writes one step into the store, in the name of its principal.
func take(ctx context.Context, s *store.Store, step step) error {
	state, err := s.Load(ctx, nil)
	if err != nil {
		return err
	}
	by, ok := state.Login(step.by)
	if !ok {
		return errors.New("nobody has the login")
	}
	changes, err := document.Diff(state, &step.Document)
	if err != nil {
		return err
	}
	return s.Change(ctx, by.ID, func(tx *store.Tx) error { return document.Apply(asDemo{tx}, changes) })
}

// expire makes a grant whose term is over when it returns. No grant is taken whose term
// is over already, so one is made that is about to end; on a machine with much other
// work the time may be too short.
func expire(ctx context.Context, s *store.Store, now time.Time) error {
	for life := 100 * time.Millisecond; ; life *= 2 {
		until := time.Now().Add(life)
		err := take(ctx, s, expiring(now, until))
		left := time.Until(until)
		if err == nil {
			select {
			case <-time.After(left):
			case <-ctx.Done():
			}
			return ctx.Err()
		}
		if left > 0 || life > time.Minute {
			return err
		}
	}
}

// makeTokens gives everybody a token who has none of those that the store began with,
// and marks whose those are.
func makeTokens(ctx context.Context, s *store.Store, first []store.FirstToken) (tokens []Token, err error) {
	state, err := s.Load(ctx, nil)
	if err != nil {
		return nil, err
	}
	by, ok := state.Login(string(catalog.SecurityAdmin))
	if !ok {
		return nil, errors.New("no security administrator")
	}
	err = s.Change(ctx, by.ID, func(tx *store.Tx) error {
		for _, p := range inOrder(state) {
			agency, ok := state.Agency(p.Agency)
			if !ok {
				return errors.New("a principal without agency")
			}
			t := Token{Login: p.Login, Agency: agency.Name, Name: p.Name, Role: roleNames[p.Roles[0]]}
			if at := slices.IndexFunc(first, func(f store.FirstToken) bool { return f.Login == p.Login }); at >= 0 {
				t.Text = first[at].Text
				marked := *p
				if err := (asDemo{tx}).Principal(&marked); err != nil {
					return err
				}
			} else if t.Text, err = tx.Token(&catalog.Token{Principal: p.ID, Label: "demo", Expires: time.Now().Add(tokenLife)}); err != nil {
				return err
			}
			tokens = append(tokens, t)
		}
		return nil
	})
	return tokens, err
}

// inOrder lists those first who ask, then those who decide what is shared, then those
// who keep the gateway.
func inOrder(state *catalog.State) []*catalog.Principal {
	rank := func(p *catalog.Principal) int {
		switch {
		case p.Has(catalog.Analyst), p.Has(catalog.Application):
			return 0
		case p.Has(catalog.SystemAdmin), p.Has(catalog.SecurityAdmin), p.Has(catalog.Auditor):
			return 2
		}
		return 1
	}
	out := state.Principals()
	slices.SortFunc(out, func(a, b *catalog.Principal) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Login, b.Login))
	})
	return out
}

func writeTokens(path string, tokens []Token) error {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Login + " " + t.Text + "\n")
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("democity: write the tokens: %w", err)
	}
	_, err = file.WriteString(b.String())
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("democity: write the tokens: %w", err)
	}
	return nil
}

// hasStore tells whether there is a store of an earlier run.
func hasStore(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, storeFile))
	return err == nil && info.Mode().IsRegular()
}

// setStoreAside renames the store of another version, with what SQLite keeps beside it:
// left there, it would be taken for the new one's.
func setStoreAside(dir string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		path := filepath.Join(dir, storeFile)
		if err := os.Rename(path+suffix, path+".old"+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("democity: keep the store: %w", err)
		}
	}
	return nil
}
