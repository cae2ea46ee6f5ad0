//! Puts all mutants of a file into it, each behind a condition: `mutant::on(NUMBER)`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, UnOp};

use crate::list::{Genre, Mutant, Position};

/// Text that takes the place of a range of the source, in pieces: those of a mutant have its number.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    order: (Kind, usize),
    pieces: Vec<(String, Option<usize>)>,
}

/// The order of the edits that begin at one place. Of two that open, the outer one is first, and of two that close the
/// inner one; outer ones are made earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Closes,
    Stands,
    Opens,
}

/// A file that contains mutants, and where in it they are.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub(crate) text: String,
    /// The text of each mutant.
    pub(crate) pieces: Vec<(Range<usize>, usize)>,
    /// The expression that each of them is part of.
    pub(crate) sites: Vec<(Range<usize>, usize)>,
}

pub(crate) struct Rewriter<'m> {
    source: &'m str,
    /// The mutants of the file by genre and place.
    at: HashMap<(Genre, Position), Vec<(usize, &'m Mutant)>>,
    edits: Vec<Edit>,
    sites: Vec<(Range<usize>, usize)>,
    constants: usize,
    pub(crate) found: HashSet<usize>,
}

fn position(span: Span) -> Position {
    Position { line: span.start().line, column: span.start().column + 1 }
}

fn on(number: usize) -> String {
    format!("crate::mutant::on({number})")
}

impl<'m> Rewriter<'m> {
    /// Rewrites `source` with these of its mutants. `found` has those for which there is a condition.
    pub(crate) fn run(
        source: &'m str,
        mutants: &[(usize, &'m Mutant)],
    ) -> (Rewritten, HashSet<usize>) {
        let mut at: HashMap<_, Vec<_>> = HashMap::new();
        for &(number, mutant) in mutants {
            at.entry((mutant.genre, mutant.place())).or_default().push((number, mutant));
        }
        let found = HashSet::new();
        let mut rewriter =
            Rewriter { source, at, edits: vec![], sites: vec![], constants: 0, found };
        let file = syn::parse_file(source).expect("the source is Rust");
        rewriter.visit_file(&file);
        (rewriter.render(), rewriter.found)
    }

    fn render(&mut self) -> Rewritten {
        self.edits.sort_by_key(|edit| (edit.range.start, edit.order));
        let (mut text, mut pieces, mut taken) = (String::new(), Vec::new(), 0);
        // Where each place of the source is in the text: before and after what is put there.
        let mut moved = Vec::new();
        for edit in &self.edits {
            assert!(edit.range.start >= taken, "no edit is inside another's range");
            text.push_str(&self.source[taken..edit.range.start]);
            moved.push((edit.range.start, text.len()));
            for (piece, number) in &edit.pieces {
                let start = text.len();
                text.push_str(piece);
                pieces.extend(number.map(|number| (start..text.len(), number)));
            }
            taken = edit.range.end;
            moved.push((taken, text.len()));
        }
        text.push_str(&self.source[taken..]);
        let sites = self.sites.iter().map(|(range, number)| {
            let start = moved.iter().find(|(from, _)| *from == range.start);
            let end = moved.iter().rfind(|(from, _)| *from == range.end);
            (start.map_or(0, |(_, to)| *to)..end.map_or(text.len(), |(_, to)| *to), *number)
        });
        let sites = sites.collect();
        Rewritten { text, pieces, sites }
    }

    fn take(&mut self, genre: Genre, place: Position) -> Vec<(usize, &'m Mutant)> {
        if self.constants > 0 {
            vec![]
        } else {
            self.at.remove(&(genre, place)).unwrap_or_default()
        }
    }

    fn edit(&mut self, range: Range<usize>, kind: Kind, pieces: Vec<(String, Option<usize>)>) {
        let count = self.edits.len();
        let order = (kind, if kind == Kind::Closes { usize::MAX - count } else { count });
        self.edits.push(Edit { range, order, pieces });
    }

    /// Puts text around an expression.
    fn wrap(
        &mut self,
        site: Range<usize>,
        opening: Range<usize>,
        open: String,
        close: Vec<(String, Option<usize>)>,
    ) {
        self.edit(opening, Kind::Opens, vec![(open, None)]);
        self.edit(site.end..site.end, Kind::Closes, close);
    }

    fn note(&mut self, site: &Range<usize>, mutants: &[(usize, &'m Mutant)]) {
        self.found.extend(mutants.iter().map(|(number, _)| number));
        self.sites.extend(mutants.iter().map(|(number, _)| (site.clone(), *number)));
    }

    fn body(&mut self, block: &Block) {
        let end = block.brace_token.span.close().end();
        let mutants =
            self.take(Genre::FnValue, Position { line: end.line, column: end.column + 1 });
        let returns = |mutant: &Mutant| {
            mutant.function.as_ref().map_or("", |function| &function.return_type).to_owned()
        };
        // The two values would need the same type.
        let mutants: Vec<_> =
            mutants.into_iter().filter(|(_, mutant)| !returns(mutant).contains("impl ")).collect();
        let start = block.brace_token.span.open().byte_range().end;
        let pieces = mutants.iter().map(|(number, mutant)| {
            (format!(" if {} {{ return {}; }} ", on(*number), mutant.replacement), Some(*number))
        });
        let pieces = pieces.collect();
        self.edit(start..start, Kind::Stands, pieces);
        self.found.extend(mutants.iter().map(|(number, _)| number));
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        let mutants = self.take(Genre::BinaryOperator, position(binary.op.span()));
        if mutants.is_empty() {
            return;
        }
        let [site, left, right] =
            [binary.span(), binary.left.span(), binary.right.span()].map(|span| span.byte_range());
        let operator = self.source[binary.op.span().byte_range()].to_owned();
        let between = left.end..right.start;
        let is_lazy = matches!(binary.op, BinOp::And(_) | BinOp::Or(_));
        if is_lazy {
            if has_let(&binary.left) || has_let(&binary.right) {
                return;
            }
            // `||` looks at its right side where `&&` does not.
            let not = if matches!(binary.op, BinOp::And(_)) { "" } else { "!" };
            let number = mutants[0].0;
            self.wrap(
                site.clone(),
                site.start..site.start,
                "(match (".into(),
                vec![(") } else { l } })".into(), None)],
            );
            let look = format!(") {{ l => if {not}(l ^ {}) {{ (", on(number));
            self.edit(between, Kind::Stands, vec![(look, None)]);
        } else if is_assignment(&binary.op) {
            let place = self.source[left.clone()].to_owned();
            let arms = alternatives(&mutants, &operator, &place, "r");
            let mut close = vec![("); ".into(), None)];
            close.extend(arms);
            close.push((" }".into(), None));
            self.wrap(site.clone(), left.start..right.start, "{ let r = (".into(), close);
        } else {
            let by = if is_comparison(&binary.op) { ("&", "*l", "*r") } else { ("", "l", "r") };
            let mut close = vec![(")) { (l, r) => ".into(), None)];
            close.extend(alternatives(&mutants, &operator, by.1, by.2));
            close.push((" })".into(), None));
            self.wrap(site.clone(), site.start..site.start, format!("(match ({}(", by.0), close);
            self.edit(between, Kind::Stands, vec![(format!("), {}(", by.0), None)]);
        }
        self.note(&site, &mutants);
    }
}

/// `if on(1) { l MUTANT r } else { l OPERATOR r }`
fn alternatives(
    mutants: &[(usize, &Mutant)],
    operator: &str,
    left: &str,
    right: &str,
) -> Vec<(String, Option<usize>)> {
    let choose = |(number, mutant): &(usize, &Mutant)| {
        let text = format!("if {} {{ {left} {} {right} }} else ", on(*number), mutant.replacement);
        (text, Some(*number))
    };
    let mut arms: Vec<_> = mutants.iter().map(choose).collect();
    arms.push((format!("{{ {left} {operator} {right} }}"), None));
    arms
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            has_let(&binary.left) || has_let(&binary.right)
        }
        _ => false,
    }
}

fn is_comparison(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)
    )
}

fn is_assignment(op: &BinOp) -> bool {
    use BinOp::*;
    let arithmetic =
        matches!(op, AddAssign(_) | SubAssign(_) | MulAssign(_) | DivAssign(_) | RemAssign(_));
    arithmetic
        || matches!(
            op,
            BitAndAssign(_) | BitOrAssign(_) | BitXorAssign(_) | ShlAssign(_) | ShrAssign(_)
        )
}

impl<'ast> Visit<'ast> for Rewriter<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.constants += usize::from(item.sig.constness.is_some());
        self.body(&item.block);
        visit::visit_item_fn(self, item);
        self.constants -= usize::from(item.sig.constness.is_some());
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.constants += usize::from(item.sig.constness.is_some());
        self.body(&item.block);
        visit::visit_impl_item_fn(self, item);
        self.constants -= usize::from(item.sig.constness.is_some());
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.constants += 1;
        visit::visit_item_const(self, item);
        self.constants -= 1;
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.constants += 1;
        visit::visit_impl_item_const(self, item);
        self.constants -= 1;
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.constants += 1;
        visit::visit_item_static(self, item);
        self.constants -= 1;
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        self.binary(binary);
        if is_assignment(&binary.op) {
            // Its text is there several times.
            self.visit_expr(&binary.right);
        } else {
            visit::visit_expr_binary(self, binary);
        }
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if !matches!(unary.op, UnOp::Deref(_)) {
            let mutants = self.take(Genre::UnaryOperator, position(unary.op.span()));
            let (site, operand) = (unary.span().byte_range(), unary.expr.span().byte_range());
            if let [(number, _)] = mutants[..] {
                let operator = self.source[unary.op.span().byte_range()].to_owned();
                let kept = format!("if {} {{ l }} else ", on(number));
                let close = vec![
                    (") { l => ".into(), None),
                    (kept, Some(number)),
                    (format!("{{ {operator}l }} }})"), None),
                ];
                self.wrap(site.clone(), site.start..operand.start, "(match (".into(), close);
                self.note(&site, &mutants);
            }
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let deleted = self.take(Genre::MatchArm, position(arm.span()));
        let guard = arm.guard.as_ref().map(|(_, guard)| &**guard);
        let guarded = guard
            .map_or_else(Vec::new, |guard| self.take(Genre::MatchArmGuard, position(guard.span())));
        let conditions = |mutants: &[(usize, &Mutant)], value: &str| {
            let chosen = mutants.iter().filter(|(_, mutant)| mutant.replacement == value);
            chosen.map(|(number, _)| on(*number)).next().unwrap_or_else(|| "false".to_owned())
        };
        let always = conditions(&guarded, "true");
        let never = [conditions(&guarded, "false"), conditions(&deleted, "")].join(" || ");
        if let Some(guard) = guard.filter(|guard| !has_let(guard)) {
            let site = guard.span().byte_range();
            let open = format!("({always} || !({never}) && (");
            self.wrap(site.clone(), site.start..site.start, open, vec![("))".into(), None)]);
            self.note(&site, &guarded);
            self.note(&site, &deleted);
        } else if guard.is_none() && !deleted.is_empty() {
            let site = arm.pat.span().byte_range();
            let pieces = vec![(format!(" if !({never}) "), Some(deleted[0].0))];
            self.edit(site.end..site.end, Kind::Closes, pieces);
            self.note(&site, &deleted);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        let base = expr.rest.as_ref().map(|base| self.source[base.span().byte_range()].to_owned());
        for field in &expr.fields {
            let mutants = self.take(Genre::StructField, position(field.span()));
            if let (Some(base), [(number, _)]) = (&base, &mutants[..]) {
                let site = field.expr.span().byte_range();
                let member = &field.member;
                let syn::Member::Named(member) = member else { continue };
                let name =
                    if field.colon_token.is_none() { format!("{member}: ") } else { String::new() };
                let other = format!("if {} {{ ({base}).{member} }} else {{ ", on(*number));
                let open = vec![(name, None), (other, Some(*number))];
                self.edit(site.start..site.start, Kind::Opens, open);
                self.edit(site.end..site.end, Kind::Closes, vec![(" }".into(), None)]);
                self.note(&site, &mutants);
            }
        }
        visit::visit_expr_struct(self, expr);
    }
}
