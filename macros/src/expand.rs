//! The expansion of the attribute on any kind of item.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result, Token};

use crate::block::Block;
use crate::context::Context;
use crate::item::{self, Function};
use crate::options::Options;
use crate::{function, valid};

/// Expands the attribute. After an error the item is kept as valid as possible.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let (options, wrong_option) = Options::default().read(args);
    let (expanded, error) = match expand_item(item.clone(), &options) {
        Ok(expansion) => expansion,
        Err(error) => (item, Some(error)),
    };
    let error = wrong_option.or(error).map(Error::into_compile_error);
    quote!(#error #expanded)
}

fn expand_item(item: TokenStream, options: &Options) -> Result<(TokenStream, Option<Error>)> {
    let (head, braces) = split(item.clone());
    let Some(function) = head_of_function.parse2(head.clone())? else {
        let braces = braces.ok_or_else(|| valid::no_place_for_the_attribute(item.clone()))?;
        return Block::of(head, braces)
            .ok_or_else(|| valid::no_place_for_the_attribute(item))?
            .expand(options);
    };
    let function = match braces {
        Some(braces) => function.with_body(braces)?,
        None => function,
    };
    let alone = Context::alone();
    Ok(function::expand(function, options, options.context.as_ref().unwrap_or(&alone)))
}

/// Splits an item into what is before its braces, and the braces.
fn split(item: TokenStream) -> (TokenStream, Option<Group>) {
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let braces = tokens.last().and_then(item::braces);
    if braces.is_some() {
        tokens.pop();
    }
    (tokens.into_iter().collect(), braces)
}

fn head_of_function(input: ParseStream<'_>) -> Result<Option<Function>> {
    if !Function::peek(input) {
        input.parse::<TokenStream>()?;
        return Ok(None);
    }
    let function = Function::parse_head(input)?;
    input.parse::<Option<Token![;]>>()?;
    Ok(Some(function))
}
