//! What is around a function.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    GenericArgument, GenericParam, Generics, Ident, ItemImpl, ItemTrait, Token, parenthesized,
};

/// What surrounds a function, as far as its expansion depends on it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) kind: Kind,
    /// The types and lifetimes of the surrounding block that the function's future may contain.
    pub(crate) held: Vec<GenericArgument>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// The function has an attribute of its own, so its surroundings are unknown.
    Free,
    Impl,
    TraitImpl,
    Trait,
}

impl Context {
    pub(crate) fn alone() -> Context {
        Context { kind: Kind::Free, held: Vec::new() }
    }

    pub(crate) fn of_impl(block: &ItemImpl) -> Context {
        let kind = if block.trait_.is_some() { Kind::TraitImpl } else { Kind::Impl };
        Context { kind, held: held(&block.generics) }
    }

    pub(crate) fn of_trait(block: &ItemTrait) -> Context {
        Context { kind: Kind::Trait, held: held(&block.generics) }
    }
}

fn held(generics: &Generics) -> Vec<GenericArgument> {
    let this = GenericArgument::Type(syn::parse_quote!(Self));
    let parameters = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => {
            Some(GenericArgument::Lifetime(parameter.lifetime.clone()))
        }
        GenericParam::Type(parameter) => {
            let name = &parameter.ident;
            Some(GenericArgument::Type(syn::parse_quote!(#name)))
        }
        GenericParam::Const(_) => None,
    });
    std::iter::once(this).chain(parameters).collect()
}

const KINDS: [(&str, Kind); 4] = [
    ("alone", Kind::Free),
    ("within_impl", Kind::Impl),
    ("within_trait_impl", Kind::TraitImpl),
    ("within_trait", Kind::Trait),
];

/// Writes an option of the attribute: `__site(within_trait, Self, K)`.
impl ToTokens for Context {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let name = KINDS.iter().find(|(_, kind)| *kind == self.kind);
        let name = format_ident!("{}", name.expect("each kind has a name").0);
        let held = &self.held;
        tokens.extend(quote!(__site(#name #(, #held)*)));
    }
}

impl Parse for Context {
    fn parse(input: ParseStream<'_>) -> syn::Result<Context> {
        let content;
        parenthesized!(content in input);
        let name: Ident = content.parse()?;
        let kind = KINDS.iter().find(|(known, _)| name == known);
        let &(_, kind) = kind.ok_or_else(|| content.error("no kind of function"))?;
        content.parse::<Option<Token![,]>>()?;
        let held = Punctuated::<GenericArgument, Token![,]>::parse_terminated(&content)?;
        Ok(Context { kind, held: held.into_iter().collect() })
    }
}
