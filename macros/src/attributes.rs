//! The attributes of items: what they mean, and which ones are added.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{AttrStyle, Attribute, Meta, Token, parse_quote, parse_quote_spanned};

/// The attributes that are known not to be macros.
const INERT: [&str; 26] = [
    "allow",
    "automatically_derived",
    "bench",
    "cfg",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "ignore",
    "inline",
    "instruction_set",
    "link_section",
    "must_use",
    "no_mangle",
    "optimize",
    "should_panic",
    "target_feature",
    "test",
    "track_caller",
    "unsafe",
    "used",
    "warn",
];

/// The tools that have attributes of their own, like `clippy::cognitive_complexity`.
const TOOLS: [&str; 5] = ["clippy", "diagnostic", "miri", "rust_analyzer", "rustfmt"];

/// Whether there are attribute macros among `attrs`.
pub(crate) fn has_macros(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let first = attr.path().segments.first().expect("a path has a segment");
        let names: &[&str] = if attr.path().segments.len() == 1 { &INERT } else { &TOOLS };
        !names.iter().any(|name| first.ident == name)
    })
}

/// Whether `attr` is the attribute of this crate.
pub(crate) fn is_smartasync(attr: &Attribute) -> bool {
    is_called(attr, "smartasync")
}

/// Returns mockall's attribute among `attrs`, also one that has a condition.
pub(crate) fn automock(attrs: &[Attribute]) -> Option<&Attribute> {
    attrs.iter().find(|attr| match &attr.meta {
        Meta::List(list) if is_called(attr, "cfg_attr") => {
            list.tokens.to_string().contains("automock")
        }
        _ => is_called(attr, "automock"),
    })
}

fn is_called(attr: &Attribute, name: &str) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == name)
}

/// Returns the attributes of a client's member that its twin gets too. Attribute macros apply only to the client's
/// member.
pub(crate) fn for_twin(attrs: &[Attribute]) -> Vec<Attribute> {
    let with = |attr: &Attribute, meta| Attribute { meta, style: AttrStyle::Outer, ..attr.clone() };
    attrs.iter().filter_map(|attr| Some(with(attr, meta_for_twin(&attr.meta)?))).collect()
}

const FOR_TWINS: [&str; 11] = [
    "allow",
    "cfg",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "forbid",
    "inline",
    "must_use",
    "track_caller",
    "warn",
];

fn meta_for_twin(meta: &Meta) -> Option<Meta> {
    let is = |name: &str| meta.path().is_ident(name);
    match meta {
        // The body of the twin is another one, in which the expected lint may not fire.
        Meta::List(list) if is("expect") => {
            let lints = &list.tokens;
            Some(parse_quote!(allow(#lints)))
        }
        Meta::List(list) if is("cfg_attr") => {
            let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
            let mut parts = parse.parse2(list.tokens.clone()).ok()?.into_iter();
            let condition = parts.next()?;
            let attrs = parts.filter_map(|meta| meta_for_twin(&meta));
            Some(parse_quote!(cfg_attr(#condition #(, #attrs)*)))
        }
        meta => FOR_TWINS.iter().any(|name| is(name)).then(|| meta.clone()),
    }
}

/// Lets the twin of a deprecated method, which is deprecated too, call the method.
pub(crate) fn call_deprecated(attrs: &mut Vec<Attribute>, span: Span) {
    let is_deprecated = |attr: &Attribute| match &attr.meta {
        Meta::List(list) if attr.path().is_ident("cfg_attr") => {
            list.tokens.to_string().contains("deprecated")
        }
        _ => attr.path().is_ident("deprecated"),
    };
    if attrs.iter().any(is_deprecated) {
        attrs.push(parse_quote_spanned!(span=> #[allow(deprecated)]));
    }
}

/// Adds `#[track_caller]`, so that a panic has the location of the caller.
pub(crate) fn track_caller(attrs: &mut Vec<Attribute>, span: Span) {
    if !attrs.iter().any(|attr| attr.path().is_ident("track_caller")) {
        attrs.push(parse_quote_spanned!(span=> #[track_caller]));
    }
}

/// The condition under which every `cfg` among `attrs` holds.
pub(crate) fn condition(attrs: &[Attribute]) -> Option<TokenStream> {
    let conditions = attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    let conditions = conditions.filter_map(|attr| attr.meta.require_list().ok());
    let conditions: Vec<_> = conditions.map(|list| &list.tokens).collect();
    (!conditions.is_empty()).then(|| quote!(all(#(#conditions),*)))
}

/// Silences the lints that fire on generated code. Each lint attribute of each function takes compile time, so
/// there are only those that are needed. With `in_needless_braces` the body may be a single expression.
pub(crate) fn allowed(
    attrs: &[Attribute],
    in_needless_braces: bool,
    boxed: bool,
    span: Span,
) -> TokenStream {
    let must_use = attrs.iter().any(|attr| attr.path().is_ident("must_use"));
    // `Call` is `must_use` too, but without the user's message.
    let must_use = must_use.then(|| quote_spanned!(span=> clippy::double_must_use,));
    // The lifetimes of the arguments now have names, and those of the output have none. Older compilers do not
    // know this lint.
    let named =
        boxed.then(|| quote_spanned!(span=> #[allow(unknown_lints, mismatched_lifetime_syntaxes)]));
    // The body's braces are now those of a block.
    let braces = in_needless_braces.then(|| quote_spanned!(span=> #[allow(unused_braces)]));
    // `clippy::shadow_same`: an argument is moved to a variable with the same name.
    quote_spanned! {span=>
        #named
        #braces
        #[cfg_attr(clippy, allow(#must_use clippy::shadow_same))]
    }
}
