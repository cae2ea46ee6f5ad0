use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Attribute;

/// The attributes that only say something about a function. Any other is a macro, or may be one.
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

/// The tools that attributes may be for.
const TOOLS: [&str; 5] = ["clippy", "diagnostic", "miri", "rust_analyzer", "rustfmt"];

/// Whether there are attribute macros among `attrs`.
pub(crate) fn has_macros(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let first = attr.path().segments.first().expect("a path has a segment");
        let names: &[&str] = if attr.path().segments.len() == 1 { &INERT } else { &TOOLS };
        !names.iter().any(|name| first.ident == name)
    })
}

/// Whether it is the attribute of this crate.
pub(crate) fn is_smartasync(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "smartasync")
}

/// Silences the lints that would speak of generated code. Each lint attribute costs the compiler
/// time in each function, so there is none where none is needed.
pub(crate) fn allowed(attrs: &[Attribute], boxed: bool, span: Span) -> TokenStream {
    let must_use = attrs.iter().any(|attr| attr.path().is_ident("must_use"));
    // A `Call` has one too, but not the user's message.
    let must_use = must_use.then(|| quote_spanned!(span=> clippy::double_must_use,));
    // The arguments' lifetimes were given names, the output's were not. The lint is young.
    let named =
        boxed.then(|| quote_spanned!(span=> #[allow(unknown_lints, mismatched_lifetime_syntaxes)]));
    // An argument moves to its own name.
    quote_spanned! {span=>
        #named
        #[cfg_attr(clippy, allow(#must_use clippy::shadow_same))]
    }
}
