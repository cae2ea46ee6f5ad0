use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, ImplItem, Item, Meta, Result, TraitItem};

use crate::attributes;
use crate::function::Function;
use crate::options::Options;
use crate::site::{Place, Site};
use crate::valid;

/// An `impl` block or a trait: what is before its braces, and what is in them.
pub(crate) struct Block {
    head: TokenStream,
    braces: Group,
    site: Site,
}

enum Member {
    Function(Box<Function>),
    Other(TokenStream),
}

impl Block {
    /// The block of this head and these braces, if it is one.
    pub(crate) fn of(head: TokenStream, braces: Group) -> Option<Block> {
        let site = match syn::parse2(quote!(#head {})) {
            Ok(Item::Impl(block)) => Site::of_impl(&block),
            Ok(Item::Trait(block)) => Site::of_trait(&block),
            _ => return None,
        };
        Some(Block { head, braces, site })
    }

    /// Decorates each `async fn` in the block.
    ///
    /// Input:
    ///
    /// ```text
    /// impl Client { const N: u32 = 1; async fn get(&self) { .. } fn len(&self) { .. } }
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// impl Client { const N: u32 = 1; DECORATED fn len(&self) { .. } }
    /// ```
    pub(crate) fn expand(self, options: &Options) -> Result<(TokenStream, Option<Error>)> {
        let Block { head, braces, site } = self;
        let misplaced = valid::no_offload_of_blocks(options).err();
        let options = &options.without_offload();
        let parse = |input: ParseStream<'_>| members(input, site.place);
        let (inner, members) = parse.parse2(braces.stream())?;
        let mut errors = Vec::from_iter(misplaced);
        if site.place == Place::Trait && !members.iter().any(Member::has_async_body) {
            errors.extend(valid::no_body_for_bridge(options).err());
        }
        let mut content = quote!(#(#inner)*);
        for member in members {
            let (expanded, error) = member.expand(options, &site);
            content.extend(expanded);
            errors.extend(error);
        }
        let mut decorated = Group::new(Delimiter::Brace, content);
        decorated.set_span(braces.span());
        Ok((quote!(#head #decorated), errors.into_iter().reduce(together)))
    }
}

fn together(mut one: Error, other: Error) -> Error {
    one.combine(other);
    one
}

fn members(input: ParseStream<'_>, place: Place) -> Result<(Vec<Attribute>, Vec<Member>)> {
    let inner = Attribute::parse_inner(input)?;
    let mut members = Vec::new();
    while !input.is_empty() {
        members.push(if Function::peek(input) {
            Member::Function(Box::new(input.parse()?))
        } else if place == Place::Trait {
            Member::Other(input.parse::<TraitItem>()?.into_token_stream())
        } else {
            Member::Other(input.parse::<ImplItem>()?.into_token_stream())
        });
    }
    Ok((inner, members))
}

impl Member {
    fn has_async_body(&self) -> bool {
        matches!(self, Member::Function(function) if function.is_async() && function.body.is_some())
    }

    fn expand(self, options: &Options, site: &Site) -> (TokenStream, Option<Error>) {
        let mut function = match self {
            Member::Function(function) => function,
            Member::Other(tokens) => return (tokens, None),
        };
        let (options, wrong_option) = own_options(&mut function.attrs, options);
        let (expanded, error) = function.expand(&options, site);
        (expanded, wrong_option.or(error))
    }
}

/// The options of a method, its own added to those of the block.
fn own_options(attrs: &mut Vec<Attribute>, options: &Options) -> (Options, Option<Error>) {
    let Some(index) = attrs.iter().position(attributes::is_smartasync) else {
        return (options.clone(), None);
    };
    let own = match attrs.remove(index).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    // What the block says of its async functions is nothing to one that is offloaded.
    let (offloaded, error) = options.of_crate().read(own.clone());
    if offloaded.offload.is_some() {
        return (offloaded, error);
    }
    options.clone().read(own)
}
