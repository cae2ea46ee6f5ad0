use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    GenericArgument, GenericParam, Generics, Ident, ItemImpl, ItemTrait, Token, parenthesized,
};

/// Where a function stands, as far as it changes what the function becomes.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) place: Place,
    /// The types and lifetimes from around it that its future may hold.
    pub(crate) held: Vec<GenericArgument>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    /// It has an attribute of its own, and nothing is known of what is around it.
    Alone,
    Impl,
    TraitImpl,
    Trait,
}

impl Site {
    pub(crate) fn alone() -> Site {
        Site { place: Place::Alone, held: Vec::new() }
    }

    pub(crate) fn of_impl(block: &ItemImpl) -> Site {
        let place = if block.trait_.is_some() { Place::TraitImpl } else { Place::Impl };
        Site { place, held: held(&block.generics) }
    }

    pub(crate) fn of_trait(block: &ItemTrait) -> Site {
        Site { place: Place::Trait, held: held(&block.generics) }
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

const PLACES: [(&str, Place); 4] = [
    ("alone", Place::Alone),
    ("within_impl", Place::Impl),
    ("within_trait_impl", Place::TraitImpl),
    ("within_trait", Place::Trait),
];

/// As an option of the attribute: `__site(within_trait, Self, K)`.
impl ToTokens for Site {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let name = PLACES.iter().find(|(_, place)| *place == self.place);
        let name = format_ident!("{}", name.expect("each place has a name").0);
        let held = &self.held;
        tokens.extend(quote!(__site(#name #(, #held)*)));
    }
}

impl Parse for Site {
    fn parse(input: ParseStream<'_>) -> syn::Result<Site> {
        let content;
        parenthesized!(content in input);
        let name: Ident = content.parse()?;
        let place = PLACES.iter().find(|(known, _)| name == known);
        let &(_, place) = place.ok_or_else(|| content.error("no place of a function"))?;
        content.parse::<Option<Token![,]>>()?;
        let held = Punctuated::<GenericArgument, Token![,]>::parse_terminated(&content)?;
        Ok(Site { place, held: held.into_iter().collect() })
    }
}
