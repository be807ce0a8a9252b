package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// readRoots reads the folders, besides the configuration's own, under which paths
// may lie.
func (l *loader) readRoots(v value) error {
	items, err := l.list(v)
	if err != nil {
		return err
	}
	for _, item := range items {
		text, err := l.text(item)
		if err != nil {
			return err
		}
		real, err := filepath.EvalSymlinks(l.absolute(text))
		if err == nil {
			var info fs.FileInfo
			if info, err = os.Stat(real); err == nil && !info.IsDir() {
				err = fs.ErrInvalid
			}
		}
		if err != nil {
			return l.fail(item.node, "config_root", msg.Args{"Key": item.path, "Path": text})
		}
		l.roots = append(l.roots, real)
	}
	return nil
}

func (l *loader) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(l.cfg.Dir, path)
}

// path reads a path, relative to the configuration's folder, and gives it
// absolute and without symbolic links. What it names need not exist yet. With glob
// the last parts may be a pattern.
func (l *loader) path(v value, glob bool) (string, error) {
	text, err := l.text(v)
	if err != nil {
		return "", err
	}
	return l.allowed(v, text, glob)
}

func (l *loader) allowed(v value, text string, glob bool) (string, error) {
	fixed, pattern := text, ""
	if glob {
		fixed, pattern = splitGlob(text)
	}
	for part := range strings.SplitSeq(filepath.ToSlash(pattern), "/") {
		if part == ".." {
			return "", l.outside(v, text)
		}
	}
	real, err := realPath(l.absolute(fixed))
	if err != nil {
		return "", l.outside(v, text)
	}
	for _, root := range l.roots {
		if inside(real, root) {
			return filepath.Join(real, pattern), nil
		}
	}
	return "", l.outside(v, text)
}

func (l *loader) outside(v value, text string) *errs.Error {
	return l.fail(v.node, "config_path_outside", msg.Args{"Key": v.path, "Path": text})
}

// splitGlob cuts a path before its first part with a wildcard.
func splitGlob(path string) (fixed, pattern string) {
	at := strings.IndexAny(path, "*?[{")
	if at < 0 {
		return path, ""
	}
	slash := strings.LastIndexByte(filepath.ToSlash(path[:at]), '/')
	if slash < 0 {
		return ".", path
	}
	return path[:slash+1], path[slash+1:]
}

func inside(path, root string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// realPath follows the symbolic links of a path as far as it exists. A link that
// leads nowhere is an error: somebody else may decide later where it leads.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fs.ErrNotExist
	}
	parent := filepath.Dir(path)
	if parent == path {
		return "", fs.ErrNotExist
	}
	real, err = realPath(parent)
	return filepath.Join(real, filepath.Base(path)), err
}
